# The vDSO: an ELF shared object of one page, written out by hand. It is data to the kernel and code to the program.
#
# The page in front of it holds what the kernel knows about the clocks (lib.rs: Data). Nothing in there ever changes, so nothing
# has to be read twice. No function touches the stack: one unwind entry suits all.

    .set DATA, unikernel_vdso - 4096
    .set DATA_SCALE, DATA               # nanoseconds a tick, times 2^32
    .set DATA_TICKS, DATA + 8           # the time-stamp counter when the monotonic clock showed 0
    .set DATA_UNIX, DATA + 16           # what the wall clock showed then, in nanoseconds since 1970

    .set WALL_CLOCKS, 0x821             # REALTIME, REALTIME_COARSE, TAI, as bits
    .set STEADY_CLOCKS, 0x0d2           # MONOTONIC, MONOTONIC_RAW, MONOTONIC_COARSE, BOOTTIME
    .set LAST_CLOCK, 11

    .set NR_CLOCK_GETTIME, 228
    .set NR_CLOCK_GETRES, 229

    .section .rodata.vdso,"a",@progbits
    .balign 4096
    .global unikernel_vdso
unikernel_vdso:

# --- ELF header, program headers (gABI chapters 4 and 5) ---

    .byte 0x7f, 'E', 'L', 'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0
    .short 3, 62                        # shared object, x86-64
    .long 1
    .quad 0, program_headers - unikernel_vdso, 0
    .long 0
    .short 64, 56, 4, 64, 0, 0
program_headers:
    .macro program_header kind, flags, start, len, alignment
    .long \kind, \flags
    .quad \start - unikernel_vdso, \start - unikernel_vdso, \start - unikernel_vdso, \len, \len, \alignment
    .endm
    program_header 1, 5, unikernel_vdso, vdso_end - unikernel_vdso, 4096
    program_header 2, 4, dynamic, dynamic_end - dynamic, 8
    program_header 0x6474e550, 4, unwind_header, unwind_header_end - unwind_header, 4
    program_header 0x6474e551, 4, unikernel_vdso, 0, 16

# --- Symbols: each name with and without its prefix, of version LINUX_2.6 (vdso(7)) ---

    .balign 8
symbols:
    .quad 0, 0, 0
    .macro symbol name, binding, start, end
    .long \name - strings
    .byte \binding << 4 | 2, 0
    .short 1                            # some section: there are none
    .quad \start - unikernel_vdso, \end - \start
    .endm
    symbol name_clock_gettime, 1, clock_gettime, clock_gettime_end
    symbol name_gettimeofday, 1, gettimeofday, gettimeofday_end
    symbol name_time, 1, time, time_end
    symbol name_getcpu, 1, getcpu, getcpu_end
    symbol name_clock_getres, 1, clock_getres, clock_getres_end
    symbol name_clock_gettime + 7, 2, clock_gettime, clock_gettime_end
    symbol name_gettimeofday + 7, 2, gettimeofday, gettimeofday_end
    symbol name_time + 7, 2, time, time_end
    symbol name_getcpu + 7, 2, getcpu, getcpu_end
    symbol name_clock_getres + 7, 2, clock_getres, clock_getres_end
symbols_end:
    .set SYMBOLS, 11
hashes:                                 # one bucket: the table is shorter than a hash's use
    .long 1, SYMBOLS
    .long 1
    .long 0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0
versions:
    .short 0, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2
    .balign 4
version_definitions:
    .short 1, 1, 1, 1                   # the file itself
    .long 0x0deebfa1, 20, 28            # the hash of its name
    .long name_file - strings, 0
    .short 1, 0, 2, 1
    .long 0x03ae75f6, 20, 0             # the hash of LINUX_2.6
    .long name_version - strings, 0
strings:
    .byte 0
name_file:          .asciz "linux-vdso.so.1"
name_version:       .asciz "LINUX_2.6"
name_clock_gettime: .asciz "__vdso_clock_gettime"
name_gettimeofday:  .asciz "__vdso_gettimeofday"
name_time:          .asciz "__vdso_time"
name_getcpu:        .asciz "__vdso_getcpu"
name_clock_getres:  .asciz "__vdso_clock_getres"
strings_end:
    .balign 8
dynamic:
    .quad 14, name_file - strings                       # SONAME
    .quad 4, hashes - unikernel_vdso                    # HASH
    .quad 5, strings - unikernel_vdso                   # STRTAB
    .quad 6, symbols - unikernel_vdso                   # SYMTAB
    .quad 10, strings_end - strings                     # STRSZ
    .quad 11, 24                                        # SYMENT
    .quad 0x6ffffff0, versions - unikernel_vdso         # VERSYM
    .quad 0x6ffffffc, version_definitions - unikernel_vdso  # VERDEF
    .quad 0x6ffffffd, 2                                 # VERDEFNUM
    .quad 0, 0
dynamic_end:

# --- Unwinding: everywhere the caller's stack pointer is 8 above ours, and the return address lies between ---

    .balign 4
unwind_header:                          # LSB, "Exception Frame Header"
    .byte 1, 0x1b, 0x03, 0x3b
    .long unwind_entries - .
    .long 1
    .long code - unwind_header, unwind_entry - unwind_header
unwind_header_end:
    .balign 8
unwind_entries:                         # DWARF 5 section 6.4.1, in the form of the LSB
    .long 9f - 8f
8:  .long 0
    .byte 1, 'z', 'R', 0, 1, 0x78, 16, 1, 0x1b
    .byte 0x0c, 7, 8, 0x90, 1           # CFA = rsp + 8; the return address at CFA - 8
    .balign 8
9:
unwind_entry:
    .long 9f - 8f
8:  .long 8b - unwind_entries
    .long code - ., code_end - code
    .byte 0
    .balign 8
9:  .long 0

# --- Code ---

    # rax = nanoseconds of the steady clock. Clobbers rdx.
    .macro steady_nanoseconds
    lfence                              # not before what the program did first
    rdtsc
    shl rdx, 32
    or rax, rdx
    mov edx, 0
    sub rax, [rip + DATA_TICKS]
    cmovb rax, rdx
    mul qword ptr [rip + DATA_SCALE]
    shrd rax, rdx, 32
    .endm

    # rdx = seconds, rcx = the nanoseconds behind them, from rax nanoseconds. Clobbers rax.
    # 2^75 / (10^9 / 2^9), rounded up: exact for every 64-bit number.
    .macro split_seconds
    mov rcx, rax
    shr rax, 9
    mov rdx, 0x44b82fa09b5a53
    mul rdx
    shr rdx, 11
    imul rax, rdx, 1000000000
    sub rcx, rax
    .endm

    .balign 16
code:
clock_gettime:                          # edi = clock, rsi = struct timespec
    cmp edi, LAST_CLOCK
    ja 9f
    mov eax, WALL_CLOCKS | STEADY_CLOCKS
    bt eax, edi
    jnc 9f
    steady_nanoseconds
    mov ecx, WALL_CLOCKS
    bt ecx, edi
    jnc 2f
    add rax, [rip + DATA_UNIX]
2:  split_seconds
    mov [rsi], rdx
    mov [rsi + 8], rcx
    xor eax, eax
    ret
9:  mov eax, NR_CLOCK_GETTIME
    syscall
    ret
clock_gettime_end:

    .balign 16
gettimeofday:                           # rdi = struct timeval or null, rsi = struct timezone or null
    test rdi, rdi
    jz 2f
    steady_nanoseconds
    add rax, [rip + DATA_UNIX]
    split_seconds
    mov [rdi], rdx
    mov eax, ecx                        # below 10^9: 2^38 / 1000, rounded up, is exact
    mov ecx, 274877907
    mul rcx
    shr rax, 38
    mov [rdi + 8], rax
2:  test rsi, rsi
    jz 3f
    mov qword ptr [rsi], 0
3:  xor eax, eax
    ret
gettimeofday_end:

    .balign 16
time:                                   # rdi = time_t or null
    steady_nanoseconds
    add rax, [rip + DATA_UNIX]
    split_seconds
    mov rax, rdx
    test rdi, rdi
    jz 2f
    mov [rdi], rax
2:  ret
time_end:

    .balign 16
getcpu:                                 # rdi, rsi = unsigned or null: there is one processor
    xor eax, eax
    test rdi, rdi
    jz 2f
    mov [rdi], eax
2:  test rsi, rsi
    jz 3f
    mov [rsi], eax
3:  ret
getcpu_end:

    .balign 16
clock_getres:                           # edi = clock, rsi = struct timespec or null
    cmp edi, LAST_CLOCK
    ja 9f
    mov eax, WALL_CLOCKS | STEADY_CLOCKS
    bt eax, edi
    jnc 9f
    xor eax, eax
    test rsi, rsi
    jz 2f
    mov [rsi], rax
    mov qword ptr [rsi + 8], 1
2:  ret
9:  mov eax, NR_CLOCK_GETRES
    syscall
    ret
clock_getres_end:
code_end:
vdso_end:
    .org unikernel_vdso + 4096, 0
    .text
