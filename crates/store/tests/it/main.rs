//! What must not compile, with the error its author would read.

#[test]
fn what_would_break_isolation_does_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/it/refused/*.rs");
}
