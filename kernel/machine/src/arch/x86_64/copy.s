# Copies that may fault, and the memory functions that compiled code calls.
#
# Sixteen bytes a step: string instructions are fast on new processors only, and count as an instruction a byte where
# processors are emulated.

    # Copies rdx bytes from rsi to rdi, upwards; less than 16 are loaded before any of them is stored. Clobbers rcx, rsi, rdi,
    # rdx, r8, r9, xmm0-3.
    .macro copy_up done
    cmp rdx, 16
    jb 30f
    mov rcx, rdx
    and edx, 15
    sub rcx, 64
    jb 20f
24: movups xmm0, [rsi]
    movups xmm1, [rsi + 16]
    movups xmm2, [rsi + 32]
    movups xmm3, [rsi + 48]
    movups [rdi], xmm0
    movups [rdi + 16], xmm1
    movups [rdi + 32], xmm2
    movups [rdi + 48], xmm3
    add rsi, 64
    add rdi, 64
    sub rcx, 64
    jae 24b
20: add rcx, 64
    sub rcx, 16
    jb 22f
21: movups xmm0, [rsi]
    movups [rdi], xmm0
    add rsi, 16
    add rdi, 16
    sub rcx, 16
    jae 21b
22: movups xmm0, [rsi + rdx - 16]       # the last 16 bytes; some of them a second time
    movups [rdi + rdx - 16], xmm0
    jmp \done
30: cmp edx, 8
    jb 31f
    mov rcx, [rsi]
    mov rsi, [rsi + rdx - 8]
    mov [rdi], rcx
    mov [rdi + rdx - 8], rsi
    jmp \done
31: cmp edx, 4
    jb 32f
    mov ecx, [rsi]
    mov esi, [rsi + rdx - 4]
    mov [rdi], ecx
    mov [rdi + rdx - 4], esi
    jmp \done
32: test edx, edx
    jz \done
    mov r8d, edx                        # the first byte, that in the middle, the last
    shr r8d, 1
    mov cl, [rsi]
    mov r9b, [rsi + r8]
    mov sil, [rsi + rdx - 1]
    mov [rdi], cl
    mov [rdi + r8], r9b
    mov [rdi + rdx - 1], sil
    .endm

    # Stores al rdx times from rdi on. Clobbers rcx, rsi, rdi, rdx, xmm0.
    .macro fill_up done
    movzx esi, al
    mov rcx, 0x0101010101010101
    imul rsi, rcx
    cmp rdx, 16
    jb 30f
    movq xmm0, rsi
    punpcklqdq xmm0, xmm0
    mov rcx, rdx
    and edx, 15
    sub rcx, 64
    jb 20f
24: movups [rdi], xmm0
    movups [rdi + 16], xmm0
    movups [rdi + 32], xmm0
    movups [rdi + 48], xmm0
    add rdi, 64
    sub rcx, 64
    jae 24b
20: add rcx, 64
    sub rcx, 16
    jb 22f
21: movups [rdi], xmm0
    add rdi, 16
    sub rcx, 16
    jae 21b
22: movups [rdi + rdx - 16], xmm0
    jmp \done
30: cmp edx, 8
    jb 31f
    mov [rdi], rsi
    mov [rdi + rdx - 8], rsi
    jmp \done
31: test edx, edx
    jz \done
32: mov [rdi], sil
    inc rdi
    dec edx
    jnz 32b
    .endm

    # Lets the kernel touch the program's pages (stac), or no longer (clac), where the processor forbids it by itself (SMAP).
    .macro if_smap instruction
    cmp byte ptr [rip + unikernel_smap], 0
    je 90f
    \instruction
90:
    .endm

    .section .text.copy,"ax",@progbits

# rax = unikernel_copy(rdi = target, rsi = source, rdx = bytes): all ones, or the address that faulted.
    .balign 16
    .global unikernel_copy
unikernel_copy:
    if_smap stac
    .global unikernel_copy_start
unikernel_copy_start:
    copy_up 80f
80: jmp copied

# rax = unikernel_zero(rdi = target, rsi ignored, rdx = bytes): the same.
    .balign 16
    .global unikernel_zero
unikernel_zero:
    if_smap stac
    xor eax, eax
    fill_up 80f
80: nop
    .global unikernel_copy_end
unikernel_copy_end:
copied:
    mov rax, -1
    .global unikernel_copy_fault        # kernel_trap goes on here, with the address in rax
unikernel_copy_fault:
    if_smap clac
    ret

    .balign 16
    .global memcpy
memcpy:
    mov rax, rdi
    copy_up 80f
80: ret

    .balign 16
    .global memmove
memmove:
    cmp rdx, 16
    jb memcpy                           # it loads so few before it stores any of them
    mov rax, rdi
    mov rcx, rdi
    sub rcx, rsi
    cmp rcx, rdx
    jb 5f
    neg rcx
    cmp rcx, rdx
    jae memcpy                          # they don't overlap: larger steps
    movups xmm1, [rsi + rdx - 16]       # upwards; the last 16 bytes may be overwritten by those before
    xor ecx, ecx
    sub rdx, 16
2:  movups xmm0, [rsi + rcx]
    movups [rdi + rcx], xmm0
    add rcx, 16
    cmp rcx, rdx
    jb 2b
    movups [rdi + rdx], xmm1
    ret
5:  movups xmm1, [rsi]                  # downwards: the target overlaps the source's end; the first 16 bytes likewise
6:  movups xmm0, [rsi + rdx - 16]
    movups [rdi + rdx - 16], xmm0
    sub rdx, 16
    cmp rdx, 16
    ja 6b
    movups [rdi], xmm1
    ret

    .balign 16
    .global memset
memset:
    mov r8, rdi
    mov eax, esi
    fill_up 80f
80: mov rax, r8
    ret

    .balign 16
    .global memcmp
    .global bcmp
memcmp:
bcmp:
6:  cmp rdx, 8
    jb 2f
    mov rcx, [rdi]
    cmp rcx, [rsi]
    jne 3f
    add rdi, 8
    add rsi, 8
    sub rdx, 8
    jmp 6b
2:  test edx, edx
    jz 5f
3:  movzx eax, byte ptr [rdi]           # the difference is within the next bytes, or there is none
    movzx ecx, byte ptr [rsi]
    sub eax, ecx
    jne 4f
    inc rdi
    inc rsi
    dec rdx
    jnz 3b
4:  ret
5:  xor eax, eax
    ret

    .balign 16
    .global strlen
strlen:
    mov rax, rdi
    jmp 3f
2:  inc rax
3:  cmp byte ptr [rax], 0
    jne 2b
    sub rax, rdi
    ret

    .section .bss.copy,"aw",@nobits
    .global unikernel_smap
unikernel_smap:
    .skip 1
    .text
