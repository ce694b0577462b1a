//! Control groups (cgroups(7)): there are no controllers, and so no group that the process could be in.

use super::Text;
use crate::kernel::Kernel;

/// A line for each controller; there is none.
pub(super) fn controllers(_kernel: &mut Kernel) -> Text {
    Ok(b"#subsys_name\thierarchy\tnum_cgroups\tenabled\n".to_vec())
}

/// A line for each hierarchy that is mounted; none is.
pub(super) fn of_process(_kernel: &mut Kernel) -> Text {
    Ok(alloc::vec::Vec::new())
}
