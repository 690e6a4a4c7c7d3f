//! (soon)
/// x
pub fn json_schema() -> String {
    String::new()
}
/// x
pub fn reference() -> String {
    String::new()
}
