//! Processors (proc_cpuinfo(5), `/sys/devices/system/cpu`), as the processor tells about itself (Intel SDM volume 2, CPUID).

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::arch::x86_64::{__cpuid, __cpuid_count};

use super::{Text, bytes};
use crate::kernel::Kernel;

/// Names of features as Linux has them, by leaf and register; a bit without a name is a `-`.
const LEAF_1_EDX: &str = "fpu vme de pse tsc msr pae mce cx8 apic - sep mtrr pge mca cmov pat pse36 - clflush - - acpi mmx fxsr sse sse2 ss ht tm ia64 pbe";
const LEAF_1_ECX: &str = "pni pclmulqdq - monitor - vmx smx est tm2 ssse3 - - fma cx16 - pdcm - pcid dca sse4_1 sse4_2 x2apic movbe popcnt tsc_deadline_timer aes xsave - avx f16c rdrand hypervisor";
const LEAF_7_EBX: &str = "fsgsbase tsc_adjust - bmi1 hle avx2 - smep bmi2 erms invpcid rtm - - - - avx512f avx512dq rdseed adx smap avx512ifma - clflushopt clwb - avx512pf avx512er avx512cd sha_ni avx512bw avx512vl";
const LEAF_7_ECX: &str = "- avx512vbmi umip pku ospke - avx512_vbmi2 - gfni vaes vpclmulqdq avx512_vnni avx512_bitalg - avx512_vpopcntdq - la57 - - - - - rdpid";
const EXTENDED_EDX: &str =
    "- - - - - - - - - - - syscall - - - - - - - - nx - - - - fxsr_opt pdpe1gb rdtscp - lm";
const EXTENDED_ECX: &str =
    "lahf_lm cmp_legacy svm - cr8_legacy abm sse4a misalignsse 3dnowprefetch";

pub(super) fn cpuinfo(kernel: &mut Kernel) -> Text {
    let first = __cpuid(0);
    let signature = __cpuid(1).eax;
    let base_family = signature >> 8 & 0xf;
    let family = if base_family == 0xf {
        (signature >> 20 & 0xff).saturating_add(base_family)
    } else {
        base_family
    };
    let model = signature >> 4 & 0xf | signature >> 12 & 0xf0;
    let khz = kernel.clock.hz() / 1000;
    let megahertz = format!("{}.{:03}", khz / 1000, khz % 1000);
    let cache_line = (__cpuid(1).ebx >> 8 & 0xff).saturating_mul(8);
    let address = if __cpuid(0x8000_0000).eax >= 0x8000_0008 {
        __cpuid(0x8000_0008).eax
    } else {
        0x3024
    };
    let lines = [
        ("processor\t", "0".to_string()),
        ("vendor_id\t", text_of(&[first.ebx, first.edx, first.ecx])),
        ("cpu family\t", family.to_string()),
        ("model\t\t", model.to_string()),
        ("model name\t", brand()),
        ("stepping\t", (signature & 0xf).to_string()),
        ("cpu MHz\t\t", megahertz),
        ("physical id\t", "0".to_string()),
        ("siblings\t", "1".to_string()),
        ("core id\t\t", "0".to_string()),
        ("cpu cores\t", "1".to_string()),
        ("apicid\t\t", (__cpuid(1).ebx >> 24).to_string()),
        ("fpu\t\t", "yes".to_string()),
        ("fpu_exception\t", "yes".to_string()),
        ("cpuid level\t", first.eax.to_string()),
        ("wp\t\t", "yes".to_string()),
        ("flags\t\t", flags(first.eax)),
        ("clflush size\t", cache_line.to_string()),
        ("cache_alignment\t", cache_line.to_string()),
        (
            "address sizes\t",
            format!(
                "{} bits physical, {} bits virtual",
                address & 0xff,
                address >> 8 & 0xff
            ),
        ),
        ("power management", String::new()),
    ];
    let mut text = String::new();
    for (label, value) in lines {
        text.push_str(&format!("{label}: {value}\n"));
    }
    text.push('\n');
    bytes(text)
}

/// The text that registers hold, up to its NUL and without blanks about it.
fn text_of(registers: &[u32]) -> String {
    let bytes: Vec<u8> = registers
        .iter()
        .flat_map(|word| word.to_le_bytes())
        .collect();
    let text = bytes.split(|byte| *byte == 0).next().unwrap_or(&[]);
    String::from_utf8_lossy(text).trim().to_string()
}

fn brand() -> String {
    if __cpuid(0x8000_0000).eax < 0x8000_0004 {
        return "unknown".to_string();
    }
    let leaves = (0x8000_0002..=0x8000_0004_u32).map(__cpuid);
    let words: Vec<u32> = leaves
        .flat_map(|leaf| [leaf.eax, leaf.ebx, leaf.ecx, leaf.edx])
        .collect();
    text_of(&words)
}

fn flags(highest: u32) -> String {
    let first = __cpuid(1);
    let extended = __cpuid(0x8000_0001);
    let mut words = alloc::vec![
        (first.edx, LEAF_1_EDX),
        (extended.edx, EXTENDED_EDX),
        (first.ecx, LEAF_1_ECX),
        (extended.ecx, EXTENDED_ECX),
    ];
    if highest >= 7 {
        let leaf = __cpuid_count(7, 0);
        words.push((leaf.ebx, LEAF_7_EBX));
        words.push((leaf.ecx, LEAF_7_ECX));
    }
    let set = words.into_iter().flat_map(|(bits, names)| {
        let names = names.split(' ').enumerate();
        names.filter(move |(bit, name)| *name != "-" && bits >> bit & 1 == 1)
    });
    set.map(|(_, name)| name).collect::<Vec<_>>().join(" ")
}

/// There is one.
pub(super) fn processors(_kernel: &mut Kernel) -> Text {
    Ok(b"0\n".to_vec())
}

/// Time is the time-stamp counter's.
pub(super) fn clock_source(_kernel: &mut Kernel) -> Text {
    Ok(b"tsc\n".to_vec())
}
