//! UK013: more thread-local storage than the kernel keeps free.

use super::{Docs, Finding, Level, Rule, Subject};
use crate::program::Shape;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "UK013",
    about: "the executable has more thread-local storage than the kernel keeps free",
    many: "files have too much thread-local storage",
    docs: Docs {
        what: "The program is an executable whose thread-local storage (PT_TLS) is larger than what the kernel keeps free for \
               it. An executable reaches its own by fixed offsets from the thread pointer (the local-exec model).",
        why: "on osv the kernel's own thread-local storage lies beside it: 512 bytes are kept free, and beyond that the \
              program overwrites the kernel's. A shared object's storage is allocated by its size, and kernels with a dynamic \
              linker in the image have no such limit.",
        remedy: "link the program as a shared object (`--link shared`), make large thread-locals pointers, or have the kernel \
                 built with a larger `app_local_exec_tls_size`.",
        example: "__thread char buffer[4096]; int main(void) { return buffer[0]; }    // on osv",
    },
    default: Level::Deny,
    check,
};

fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let program = &subject.closure.program;
    let is_executable = matches!(program.shape, Shape::Pie | Shape::Fixed);
    let (Some(limit), Some(tls), true) = (
        subject.support.elf.executable_tls,
        program.facts.tls,
        is_executable,
    ) else {
        return Vec::new();
    };
    // The block ends at the thread pointer, so what it takes is rounded up to its alignment.
    let len = tls
        .len
        .div_ceil(tls.align.max(1))
        .saturating_mul(tls.align.max(1));
    if len <= limit {
        return Vec::new();
    }
    let message = format!(
        "`{}` has {len} bytes of thread-local storage; `{}` keeps {limit} free for an executable's",
        program.name, subject.kernel
    );
    let help = "link it as a shared object: `--link shared`";
    vec![RULE.finding(&subject.program(), message).help(help)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{closure_of_c, found_on};

    #[test]
    fn only_large_storage_of_an_executable_is_found() {
        let source = |len: u32| {
            format!("__thread char a[{len}]; int main(int n, char **v) {{ return a[n]; }}")
        };
        let n_found = |kernel, len, args: &[&str]| {
            found_on(kernel, &closure_of_c(&source(len), args), check).len()
        };
        assert_eq!(n_found("osv", 4096, &[]), 1);
        assert_eq!(n_found("osv", 64, &[]), 0);
        assert_eq!(n_found("osv", 4096, &["-shared", "-fPIC"]), 0);
        assert_eq!(n_found("nanos", 4096, &[]), 0);
    }
}
