# The boot sector of a disk for OSv whose kernel lies there as it is in memory.
#
# The BIOS enters it at 0x7c00 in real mode, with the drive's number in dl. It reads the command line to 0x7e00 and the kernel
# to 2 MiB, in units of 32 KiB over a buffer below 1 MiB (INT 13h, AH = 42h), makes the memory map (INT 15h, AX = E820h), and
# enters the kernel as OSv's own boot sector does: 32-bit, paging off, ebx = 0x1000, where a block in the shape of multiboot's
# lies (OSv, arch/x64/boot16.S and arch/x64/multiboot.S). Nothing is kept in memory but that block, the map, the command line.
#
# What differs from disk to disk is put in by the tool: `units`, `zeroed`, and what is above 0x1b8.

    .intel_syntax noprefix
    .code16
    .text
    .globl _start

    .set BLOCK, 0x1000              # what the kernel is told
    .set BLOCK_LINE, BLOCK + 16     # u32: address of the command line
    .set BLOCK_MAP_LEN, BLOCK + 44  # u32: length of the memory map in bytes
    .set BLOCK_MAP, BLOCK + 48      # u32: address of it
    .set BLOCK_TICKS, BLOCK + 88    # u64 each: time stamps at the start, behind the disk, behind unpacking
    .set BLOCK_LEN, 128
    .set MAP, 0x2000                # entries: u32 20, u64 base, u64 length, u32 type
    .set MAP_END, 0x2000 + 24 * 128
    .set LINE, 0x7e00
    .set BUFFER, 0x80000
    .set UNIT, 0x8000
    .set KERNEL, 0x200000
    .set ENTRY, KERNEL + 0x800      # u32: address of the kernel's entry

_start:
    jmp     begin

    .org    0x10
units:
    .word   0                       # length of the kernel on the disk in units
zeroed:
    .long   0, 0                    # address and length of what the kernel wants zeroed behind it

packet:                             # INT 13h: length, sectors, buffer as offset and segment, first sector
    .word   16, 63
    .word   LINE, 0
    .quad   1
target:
    .long   KERNEL
drive:
    .byte   0

table:                              # flat 32-bit segments: 8 is code, 16 is data
    .quad   0, 0x00cf9b000000ffff, 0x00cf93000000ffff
table_end:
pointer:
    .word   table_end - table - 1
    .long   table

begin:
    cli
    cld
    xor     ax, ax
    mov     ds, ax
    mov     es, ax
    mov     ss, ax
    mov     sp, 0x7c00
    .byte   0xea                    # jmp 0:here, wherever the BIOS says that we are
    .word   here, 0
here:
    mov     [drive], dl
    mov     di, BLOCK
    mov     cx, BLOCK_LEN
    rep stosb
    mov     dword ptr [BLOCK_LINE], LINE
    mov     dword ptr [BLOCK_MAP], MAP
    mov     di, BLOCK_TICKS
    call    ticks
    mov     ax, 0x2401              # memory above 1 MiB without gaps: by the BIOS, and by port 0x92
    int     0x15
    in      al, 0x92
    or      al, 2
    and     al, 0xfe
    out     0x92, al

    call    read                    # the command line
    mov     byte ptr [packet + 2], UNIT / 512
    mov     dword ptr [packet + 4], (BUFFER / 16) << 16
    mov     word ptr [packet + 8], 128
unit:
    call    read
    cli                             # the BIOS may have changed the limits of segments, so each time anew
    lgdt    [pointer]
    mov     eax, cr0
    or      al, 1
    mov     cr0, eax
    mov     cx, 16
    mov     ds, cx
    mov     es, cx
    and     al, 0xfe
    mov     cr0, eax
    mov     esi, BUFFER
    mov     edi, [target]
    mov     ecx, UNIT / 4
    .byte   0xf3, 0x67, 0x66, 0xa5  # rep movsd, with 32-bit addresses
    mov     [target], edi
    xor     ax, ax
    mov     ds, ax
    mov     es, ax
    add     dword ptr [packet + 8], UNIT / 512
    dec     word ptr [units]
    jnz     unit
    mov     di, BLOCK_TICKS + 8
    call    ticks
    call    ticks                   # there is nothing to unpack

    xor     ebx, ebx
    mov     di, MAP
more:
    mov     dword ptr [di], 20
    add     di, 4
    mov     eax, 0xe820
    mov     edx, 0x534d4150         # "SMAP"
    mov     ecx, 20
    int     0x15
    jc      mapped
    add     di, 20
    cmp     di, MAP_END
    jae     whole
    test    ebx, ebx
    jnz     more
    jmp     whole
mapped:
    sub     di, 4
whole:
    sub     di, MAP
    mov     [BLOCK_MAP_LEN], di

    cli
    lgdt    [pointer]
    mov     eax, cr0
    or      al, 1
    mov     cr0, eax
    .byte   0x66, 0xea              # jmp 8:protected
    .long   protected
    .word   8

# Writes the time stamp to es:di and moves di on.
ticks:
    rdtsc
    stosd
    mov     eax, edx
    stosd
    ret

# Reads what `packet` says; says so and stops where that fails.
read:
    mov     si, offset packet
    mov     ah, 0x42
    mov     dl, [drive]
    int     0x13
    jnc     done
    mov     si, offset failed
next:
    lodsb
    mov     dx, 0x3f8               # on the serial line, and on the screen
    out     dx, al
    mov     ah, 0x0e
    xor     bx, bx
    int     0x10
    cmp     al, 10
    jne     next
stop:
    hlt
    jmp     stop
failed:
    .ascii  "disk error\r\n"
done:
    ret

    .code32
protected:
    mov     ax, 16
    mov     ds, eax
    mov     es, eax
    mov     fs, eax
    mov     gs, eax
    mov     ss, eax
    mov     edi, [zeroed]
    mov     ecx, [zeroed + 4]
    xor     eax, eax
    rep stosb
    mov     ebx, BLOCK
    jmp     dword ptr [ENTRY]
