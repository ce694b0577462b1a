# Into the program and back: unikernel_enter and unikernel_return, the SYSCALL entry, and a stub for each vector.
#
# Offsets into Context (context.rs asserts them): xmm0-15 at 0, r15..rax at 256, vector 376, error 384, rip 392, cs 400,
# rflags 408, rsp 416, ss 424. The processor pushes ss..rip at the end of that, because RSP0 of the task state points there.

    .set CONTEXT_REGISTERS, 256
    .set CONTEXT_VECTOR, 376
    .set CONTEXT_RIP, 392
    .set CONTEXT_RFLAGS, 408
    .set CONTEXT_RSP, 416
    .set CONTEXT_TOP, 432
    .set VECTOR_SYSCALL, 0x100
    .set KERNEL_DATA, 0x10

    .macro each_xmm instruction, base
    .irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
    .ifc \instruction,load
    movaps xmm\n, [\base + \n*16]
    .else
    movaps [\base + \n*16], xmm\n
    .endif
    .endr
    .endm

    .macro push_registers
    push rax
    push rbx
    push rcx
    push rdx
    push rsi
    push rdi
    push rbp
    push r8
    push r9
    push r10
    push r11
    push r12
    push r13
    push r14
    push r15
    .endm

    .macro pop_registers
    pop r15
    pop r14
    pop r13
    pop r12
    pop r11
    pop r10
    pop r9
    pop r8
    pop rbp
    pop rdi
    pop rsi
    pop rdx
    pop rcx
    pop rbx
    pop rax
    .endm

    .section .text.trap,"ax",@progbits

    # What both ways into the program begin with: rdi = Context. The caller expects only rbx, rbp and the stack to be kept.
    .macro leave_kernel
    push rbx
    push rbp
    mov [rip + kernel_rsp], rsp
    mov [rip + running], rdi
    lea rax, [rdi + CONTEXT_TOP]
    mov [rip + unikernel_task_state + 4], rax
    each_xmm load, rdi
    .endm

# unikernel_enter(rdi = Context): any registers.
# Returns when the program stopped, with the Context as the program left it. Clobbers all but rbx and rbp.
    .balign 64
    .global unikernel_enter
unikernel_enter:
    leave_kernel
    lea rsp, [rdi + CONTEXT_REGISTERS]
    pop_registers
    add rsp, 16
    iretq

# unikernel_return(rdi = Context): the same where rcx = rip and r11 = rflags, as behind a system call.
    .balign 64
    .global unikernel_return
unikernel_return:
    leave_kernel
    mov r15, [rdi + CONTEXT_REGISTERS]
    mov r14, [rdi + CONTEXT_REGISTERS + 8]
    mov r13, [rdi + CONTEXT_REGISTERS + 16]
    mov r12, [rdi + CONTEXT_REGISTERS + 24]
    mov r11, [rdi + CONTEXT_REGISTERS + 32]
    mov r10, [rdi + CONTEXT_REGISTERS + 40]
    mov r9, [rdi + CONTEXT_REGISTERS + 48]
    mov r8, [rdi + CONTEXT_REGISTERS + 56]
    mov rbp, [rdi + CONTEXT_REGISTERS + 64]
    mov rsi, [rdi + CONTEXT_REGISTERS + 80]
    mov rdx, [rdi + CONTEXT_REGISTERS + 88]
    mov rcx, [rdi + CONTEXT_REGISTERS + 96]
    mov rbx, [rdi + CONTEXT_REGISTERS + 104]
    mov rax, [rdi + CONTEXT_REGISTERS + 112]
    mov rsp, [rdi + CONTEXT_RSP]
    mov rdi, [rdi + CONTEXT_REGISTERS + 72]
    sysretq

# The program's SYSCALL: rcx = rip, r11 = rflags, rsp still the program's, flags masked. The segments in the Context are right.
    .balign 64
    .global unikernel_syscall
unikernel_syscall:
    mov [rip + program_rsp], rsp
    mov rsp, [rip + running]
    mov [rsp + CONTEXT_RIP], rcx
    mov [rsp + CONTEXT_RFLAGS], r11
    mov qword ptr [rsp + CONTEXT_VECTOR], VECTOR_SYSCALL
    mov [rsp + CONTEXT_REGISTERS], r15
    mov [rsp + CONTEXT_REGISTERS + 8], r14
    mov [rsp + CONTEXT_REGISTERS + 16], r13
    mov [rsp + CONTEXT_REGISTERS + 24], r12
    mov [rsp + CONTEXT_REGISTERS + 32], r11
    mov [rsp + CONTEXT_REGISTERS + 40], r10
    mov [rsp + CONTEXT_REGISTERS + 48], r9
    mov [rsp + CONTEXT_REGISTERS + 56], r8
    mov [rsp + CONTEXT_REGISTERS + 64], rbp
    mov [rsp + CONTEXT_REGISTERS + 72], rdi
    mov [rsp + CONTEXT_REGISTERS + 80], rsi
    mov [rsp + CONTEXT_REGISTERS + 88], rdx
    mov [rsp + CONTEXT_REGISTERS + 96], rcx
    mov [rsp + CONTEXT_REGISTERS + 104], rbx
    mov [rsp + CONTEXT_REGISTERS + 112], rax
    mov rcx, [rip + program_rsp]
    mov [rsp + CONTEXT_RSP], rcx
leave_program:                          # rsp = Context
    each_xmm store, rsp
    mov rsp, [rip + kernel_rsp]
    pop rbp
    pop rbx
    ret

# All vectors but the fatal ones. On the stack: vector, error, rip, cs, rflags, rsp, ss.
    .balign 64
trap_common:
    test byte ptr [rsp + 24], 3
    jz kernel_common
    push_registers
    push 2                              # AC, DF, TF, NT off: SMAP holds, string instructions go up
    popfq
    mov eax, KERNEL_DATA                # an interrupt leaves a null stack segment, SYSCALL this one
    mov ss, eax
    sub rsp, CONTEXT_REGISTERS
    jmp leave_program

# A trap in the kernel itself, or a fatal one anywhere: kernel_trap(KernelFrame) decides, and may change it. It comes back only to
# copy.s and to cpu::wait, whose callers expect no xmm register to be kept.
kernel_common:
    push_registers
    push 2
    popfq
    mov rdi, rsp
    call kernel_trap
    pop_registers
    add rsp, 16
    iretq

    .altmacro
    .macro stub n
    .balign 16
    .if (\n == 8) || ((\n >= 10) && (\n <= 14)) || (\n == 17) || (\n == 21) || (\n == 29) || (\n == 30)
    .else
    push 0
    .endif
    push \n
    .if (\n == 2) || (\n == 8) || (\n == 18)
    jmp kernel_common
    .else
    jmp trap_common
    .endif
    .endm

    .balign 16
    .global unikernel_stubs             # 16 bytes each
unikernel_stubs:
    .set vector, 0
    .rept 64
    stub %vector
    .set vector, vector + 1
    .endr
    .noaltmacro

    .section .bss.trap,"aw",@nobits
    .balign 16
running:        .skip 8             # the Context that the program runs with
kernel_rsp:     .skip 8
program_rsp:    .skip 8
    .global unikernel_task_state        # Intel SDM volume 3, figure 8-11
    .balign 128
unikernel_task_state:
    .skip 104
    .text
