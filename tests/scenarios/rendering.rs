//! What is rendered says what was meant: a real BIRD loads it and gives it back, and real neighbours hear it.

mod announcements;
#[path = "../../src/render/tests/arbitrary.rs"]
mod arbitrary;
mod imports;
mod limits;
mod pair;
mod read_back;
