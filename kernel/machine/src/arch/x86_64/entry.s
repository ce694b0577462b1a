# From the loader to Rust: one 32-bit entry, as PVH defines it (Xen's docs/misc/pvh.pandoc).
#
# In:  flat 32-bit protected mode, paging off, interrupts off, ebx = physical address of hvm_start_info.
# Out: machine_boot(start info, ticks at entry) on the kernel's stack, in long mode, in the kernel's half. The first 4 GiB are
#      mapped three times (as they are, in the direct map, and, the first of them, at the kernel's base); machine_boot builds the
#      tables that stay.

    .set KERNEL_BASE, 0xffffffff80000000

    .section .note.pvh,"a",@note
    .balign 4
    .long 4, 8, 18                      # name size, descriptor size, XEN_ELFNOTE_PHYS32_ENTRY
    .asciz "Xen"
    .quad unikernel_entry - KERNEL_BASE

    .section .text.entry,"ax",@progbits
    .code32
    .global unikernel_entry
unikernel_entry:
    cli
    cld
    rdtsc
    mov esi, eax                        # kept for machine_boot: esi, edi = ticks, ebx = start info
    mov edi, edx

    mov eax, offset boot_pdpt_low - KERNEL_BASE + 3
    mov [boot_pml4 - KERNEL_BASE], eax
    mov [boot_pml4 - KERNEL_BASE + 256*8], eax
    mov eax, offset boot_pdpt_high - KERNEL_BASE + 3
    mov [boot_pml4 - KERNEL_BASE + 511*8], eax
    mov eax, offset boot_directories - KERNEL_BASE + 3
    mov [boot_pdpt_high - KERNEL_BASE + 510*8], eax
    xor ecx, ecx
2:  mov [boot_pdpt_low - KERNEL_BASE + ecx*8], eax
    add eax, 4096
    inc ecx
    cmp ecx, 4
    jne 2b
    xor ecx, ecx
    mov eax, 0x83                       # present, writable, 2 MiB
3:  mov [boot_directories - KERNEL_BASE + ecx*8], eax
    add eax, 0x200000
    inc ecx
    cmp ecx, 2048
    jne 3b

    mov eax, offset boot_pml4 - KERNEL_BASE
    mov cr3, eax
    mov eax, 0x6a0                      # PAE, PGE, OSFXSR, OSXMMEXCPT
    mov cr4, eax
    mov ecx, 0xc0000080                 # EFER
    rdmsr
    or eax, 0x901                       # SCE, LME, NXE
    wrmsr
    mov eax, 0x80050033                 # PG, AM, WP, NE, ET, MP, PE
    mov cr0, eax
    lgdt [boot_gdt_pointer - KERNEL_BASE]
    ljmp 0x8, offset boot_long - KERNEL_BASE
    .code64
boot_long:
    mov rax, offset boot_high
    jmp rax
boot_high:
    xor eax, eax
    mov ds, eax
    mov es, eax
    mov fs, eax
    mov gs, eax
    mov eax, 0x10
    mov ss, eax                         # as SYSCALL leaves it: an emulator translates for one kind of stack segment
    mov rsp, offset unikernel_stack_top
    fxrstor [rip + initial_state]
    mov eax, edi
    shl rax, 32
    mov edi, ebx
    mov ecx, esi
    or rax, rcx
    mov rsi, rax
    xor ebp, ebp
    call machine_boot
    ud2

    .section .rodata.entry,"a",@progbits
    .balign 16
boot_gdt:
    .quad 0, 0x00af9b000000ffff, 0x00cf93000000ffff     # null, 64-bit code, data
boot_gdt_pointer:
    .word 23
    .quad boot_gdt - KERNEL_BASE
    .balign 16
initial_state:                          # x87 and SSE as the psABI wants a process to find them: control words, the rest zero
    .word 0x37f
    .skip 22
    .long 0x1f80
    .skip 484

    .section .bss.entry,"aw",@nobits
    .balign 4096
boot_pml4:          .skip 4096
boot_pdpt_low:      .skip 4096
boot_pdpt_high:     .skip 4096
boot_directories:   .skip 4 * 4096
    .global unikernel_stack_guard       # left out of the kernel's page table
unikernel_stack_guard:
    .skip 4096
    .skip 65536
    .global unikernel_stack_top
unikernel_stack_top:
    .skip 8192
    .global unikernel_fault_stack_top   # for NMI, double fault and machine check
unikernel_fault_stack_top:
    .text
