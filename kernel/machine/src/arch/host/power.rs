//! Ending the simulated machine ends the test's closure.

/// Unwinds with [`crate::testing::PoweredOff`].
pub fn off(code: u8) -> ! {
    super::std::panic::resume_unwind(super::std::boxed::Box::new(crate::testing::PoweredOff(
        code,
    )))
}
