use reproof::manifest::Manifest;
use std::path::Path;

#[test]
fn probe() {
    let text = std::fs::read_to_string("fixtures/manifests/valid/everything.toml").unwrap();
    match Manifest::parse(&text, Path::new("everything.toml")) {
        Ok(manifest) => println!("{manifest:#?}\n{}", manifest.warnings),
        Err(problems) => panic!("{problems}"),
    }
}
