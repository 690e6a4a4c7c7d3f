use reproof::manifest::Manifest;
use std::path::Path;

#[test]
fn probe() {
    let text = std::fs::read_to_string("fixtures/manifests/valid/everything.toml").unwrap();
    match Manifest::parse(&text, Path::new("everything.toml")) {
        Ok(manifest) => println!("{}", manifest.warnings),
        Err(problems) => panic!("{problems}"),
    }
    std::fs::write(
        "docs/schema/manifest.schema.json",
        reproof::manifest::json_schema(),
    )
    .unwrap();
    std::fs::write("docs/manifest.md", reproof::manifest::reference()).unwrap();
}
