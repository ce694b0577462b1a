//! Nothing: this library lets the tool depend on the kernel's package, whose sources it builds with other flags.
#![no_std]
