//! Archives, as they should be and as nobody should make them.

use std::fs;
use std::io::{Cursor, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use reproof::acquire::store::KeptKind;
use reproof::acquire::unpack::UnpackError;
use reproof::acquire::{AcquireError, Input, Obtained};
use reproof::error::{Diagnose as _, Fault};
use tar::{Builder, EntryType, Header};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::bench::{Bench, noise, pinned};

/// A tar of these entries: kind, name, content or target.
pub(super) fn tar(entries: &[(EntryType, &str, &[u8])]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for (kind, name, content) in entries {
        let is_link = matches!(kind, EntryType::Symlink | EntryType::Link);
        let mut header = Header::new_gnu();
        header.set_entry_type(*kind);
        header.set_mode(0o4755); // setuid, to be dropped
        header.set_size(if is_link { 0 } else { content.len() as u64 });
        // Written by hand: the library would refuse most of these names.
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        if is_link {
            header.as_mut_bytes()[157..157 + content.len()].copy_from_slice(content);
        }
        header.set_cksum();
        builder
            .append(&header, if is_link { &b""[..] } else { content })
            .expect("appended");
    }
    builder.into_inner().expect("a tar")
}

pub(super) fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        writer
            .start_file(*name, SimpleFileOptions::default())
            .expect("started");
        writer.write_all(content).expect("written");
    }
    writer.finish().expect("a zip").into_inner()
}

pub(super) fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("written");
    encoder.finish().expect("a gzip")
}

pub(super) fn bz2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    encoder.write_all(bytes).expect("written");
    encoder.finish().expect("a bzip2")
}

pub(super) fn xz(bytes: &[u8]) -> Vec<u8> {
    let options = lzma_rust2::XzOptions::with_preset(1);
    let mut encoder = lzma_rust2::XzWriter::new(Vec::new(), options).expect("an encoder");
    encoder.write_all(bytes).expect("written");
    encoder.finish().expect("an xz")
}

pub(super) fn zst(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

/// Obtains and unpacks `archive` as the file `name`.
fn unpack(bench: &Bench, name: &str, archive: &[u8]) -> Result<Obtained, AcquireError> {
    bench.beside(name, archive);
    bench.obtain(&Input {
        unpack: true,
        ..pinned(&format!("file:{name}"), archive)
    })
}

#[track_caller]
fn refused(archive: &[u8]) -> UnpackError {
    refused_on(&Bench::new(), archive)
}

/// Refused, and nothing of it is left anywhere.
#[track_caller]
fn refused_on(bench: &Bench, archive: &[u8]) -> UnpackError {
    let error = unpack(bench, "archive", archive).expect_err("refused");
    let AcquireError::Unpack { cause, .. } = error else {
        panic!("{error:?}")
    };
    assert_eq!(
        (bench.kept(KeptKind::Unpacked), bench.kept(KeptKind::Scratch)),
        (0, 0)
    );
    let left: Vec<_> = fs::read_dir(bench.folder()).expect("a folder").collect();
    assert_eq!(left.len(), 2, "{left:?}"); // the cache and the manifest's folder
    cause
}

fn read(folder: &Path, name: &str) -> Vec<u8> {
    fs::read(folder.join(name)).expect("a file")
}

const FILES: &[(EntryType, &str, &[u8])] = &[
    (EntryType::Directory, "./", b""),
    (EntryType::Directory, "a/", b""),
    (EntryType::Regular, "a/one.csv", b"one"),
    (EntryType::Regular, "./b//two.csv", b"two"),
    (EntryType::Symlink, "latest", b"a/one.csv"),
    (EntryType::Symlink, "b/up", b"../a"),
    (EntryType::Link, "b/same", b"a/one.csv"),
];

#[test]
fn every_kind_of_archive_is_known_by_its_bytes_and_unpacked() {
    let plain = tar(FILES);
    let archives = [
        plain.clone(),
        gz(&plain),
        bz2(&plain),
        xz(&plain),
        zst(&plain),
        [gz(&plain[..700]), gz(&plain[700..])].concat(),
    ];
    for archive in archives {
        let bench = Bench::new();
        let folder = unpack(&bench, "wrong-name.zip", &archive)
            .expect("unpacked")
            .unpacked
            .expect("a folder");
        assert_eq!(read(&folder, "a/one.csv"), b"one");
        assert_eq!(read(&folder, "b/two.csv"), b"two");
        assert_eq!(read(&folder, "latest"), b"one");
        assert_eq!(read(&folder, "b/up/one.csv"), b"one");
        assert_eq!(read(&folder, "b/same"), b"one");
        let mode = fs::metadata(folder.join("a/one.csv")).expect("there").mode();
        assert_eq!(mode & 0o7777, 0o555, "{mode:o}");
    }
    let bench = Bench::new();
    let archive = zip(&[("a/one.csv", b"one"), ("._a", b"mac"), ("é/ü.csv", b"two")]);
    let folder = unpack(&bench, "wrong-name.tar", &archive)
        .expect("unpacked")
        .unpacked
        .expect("a folder");
    assert_eq!(read(&folder, "a/one.csv"), b"one");
    assert_eq!(read(&folder, "é/ü.csv"), b"two");
}

#[test]
fn a_single_file_is_unpacked_under_its_own_name() {
    let body = noise(300_000);
    for (ending, archive) in [
        ("gz", gz(&body)),
        ("bz2", bz2(&body)),
        ("xz", xz(&body)),
        ("zst", zst(&body)),
    ] {
        let bench = Bench::new();
        let folder = unpack(&bench, &format!("train.csv.{ending}"), &archive)
            .expect("unpacked")
            .unpacked;
        assert_eq!(read(&folder.expect("a folder"), "train.csv"), body);
    }
    let bench = Bench::new();
    let skippable = b"\x50\x2a\x4d\x18\x03\0\0\0abc".as_slice();
    let frames = [skippable, &zst(b"one "), skippable, &zst(b"two")].concat();
    let folder = unpack(&bench, "x.zst", &frames).expect("unpacked").unpacked;
    assert_eq!(read(&folder.expect("a folder"), "x"), b"one two");
}

#[test]
fn an_unpacked_folder_is_reused_until_somebody_touches_it() {
    let (bench, archive) = (Bench::new(), tar(FILES));
    let folder = unpack(&bench, "a.tar", &archive)
        .expect("unpacked")
        .unpacked
        .expect("a folder");
    let before = fs::metadata(&folder).expect("there").ino();
    assert_eq!(
        unpack(&bench, "a.tar", &archive)
            .expect("reused")
            .unpacked
            .as_ref(),
        Some(&folder)
    );
    assert_eq!(fs::metadata(&folder).expect("there").ino(), before);

    fs::remove_file(folder.join("a/one.csv")).expect("removed");
    fs::write(folder.join("a/one.csv"), b"eno").expect("written"); // the same length
    unpack(&bench, "a.tar", &archive).expect("unpacked again");
    assert_eq!(read(&folder, "a/one.csv"), b"one");
}

#[test]
fn paths_that_lead_outside_are_refused() {
    for name in ["../evil", "a/../../evil", "/tmp/reproof-evil", "a/..", ".."] {
        let error = refused(&tar(&[
            (EntryType::Regular, "ok", b"x"),
            (EntryType::Regular, name, b"x"),
        ]));
        assert!(matches!(error, UnpackError::BadPath { .. }), "{name}: {error:?}");
        assert_eq!(error.fault(), Fault::Paper);
        let error = refused(&zip(&[("ok", b"x"), (name, b"x")]));
        assert!(matches!(error, UnpackError::BadPath { .. }), "{name}: {error:?}");
    }
}

#[test]
fn links_that_lead_outside_are_refused_however_they_are_put_together() {
    let link = EntryType::Symlink;
    let cases: &[&[(EntryType, &str, &[u8])]] = &[
        &[(link, "a", b"/etc/passwd")],
        &[(link, "a", b"../..")],
        &[(link, "a/b", b"../../x")],
        // Each stays inside by its letters; together they do not.
        &[(link, "d", b"."), (link, "x", b"d/..")],
        &[
            (EntryType::Directory, "p/q", b""),
            (link, "p/q/d", b"../.."),
            (link, "x", b"p/q/d/.."),
        ],
        &[(EntryType::Link, "a", b"/etc/passwd")],
        &[(EntryType::Link, "a", b"../../cache")],
        &[
            (EntryType::Link, "a", b"later"),
            (EntryType::Regular, "later", b"x"),
        ],
        &[
            (link, "s", b"t"),
            (EntryType::Regular, "t", b"x"),
            (EntryType::Link, "a", b"s"),
        ],
    ];
    for case in cases {
        let error = refused(&tar(case));
        assert!(
            matches!(error, UnpackError::BadLink { .. }),
            "{case:?}: {error:?}"
        );
    }
}

#[test]
fn nothing_is_written_through_a_link() {
    let through = tar(&[(EntryType::Symlink, "a", b"b"), (EntryType::Regular, "a/x", b"x")]);
    assert!(matches!(refused(&through), UnpackError::Duplicate { .. }));
    let over = tar(&[(EntryType::Symlink, "a", b"b"), (EntryType::Regular, "a", b"x")]);
    assert!(matches!(refused(&over), UnpackError::Duplicate { .. }));
}

#[test]
fn links_that_lead_nowhere_are_left_out_and_named() {
    let bench = Bench::new();
    let archive = tar(&[
        (EntryType::Regular, "x", b"x"),
        (EntryType::Symlink, "gone", b"nowhere"),
        (EntryType::Symlink, "to-gone", b"gone"),
        (EntryType::Symlink, "self", b"self"),
    ]);
    let folder = unpack(&bench, "a", &archive)
        .expect("unpacked")
        .unpacked
        .expect("a folder");
    assert_eq!(fs::read_dir(folder).expect("a folder").count(), 1);
    for name in ["`gone`", "`to-gone`", "`self`"] {
        assert!(bench.witness.notes().contains(name), "{}", bench.witness.notes());
    }
}

#[test]
fn devices_and_pipes_are_refused() {
    for kind in [
        EntryType::Fifo,
        EntryType::Char,
        EntryType::Block,
        EntryType::new(b'V'),
    ] {
        let error = refused(&tar(&[(kind, "odd", b"")]));
        assert!(matches!(error, UnpackError::BadKind { .. }), "{error:?}");
    }
}

#[test]
fn two_entries_of_one_name_are_refused() {
    let twice = tar(&[(EntryType::Regular, "a", b"1"), (EntryType::Regular, "./a", b"2")]);
    assert!(matches!(refused(&twice), UnpackError::Duplicate { .. }));
    let folder = tar(&[(EntryType::Regular, "a", b"1"), (EntryType::Regular, "a/b", b"2")]);
    assert!(matches!(refused(&folder), UnpackError::Duplicate { .. }));
    let mut zipped = zip(&[("aa", b"1"), ("ab", b"2")]);
    for at in 0..zipped.len() - 1 {
        if &zipped[at..at + 2] == b"ab" {
            zipped[at + 1] = b'a';
        }
    }
    assert!(matches!(refused(&zipped), UnpackError::Damaged { .. }));
}

#[test]
fn limits_are_kept_and_the_entry_is_named() {
    let mut bench = Bench::new();
    bench.context.limits.unpack.bytes = 100;
    let big = tar(&[
        (EntryType::Regular, "small", &[1; 60]),
        (EntryType::Regular, "big", &[1; 60]),
    ]);
    let error = refused_on(&bench, &big);
    assert_eq!(
        error.to_string(),
        "with `big` its content is larger than the limit of 100 B"
    );

    let mut bench = Bench::new();
    bench.context.limits.unpack.entries = 3;
    let many = tar(&[(EntryType::Regular, "a/b/c/d", b"")]);
    assert!(matches!(
        refused_on(&bench, &many),
        UnpackError::TooMany { limit: 3 }
    ));

    let deep = vec!["d"; 40].join("/");
    let mut bench = Bench::new();
    bench.context.limits.unpack.depth = 39;
    assert!(matches!(
        refused_on(&bench, &tar(&[(EntryType::Regular, &deep, b"")])),
        UnpackError::BadPath { .. }
    ));
    let long = "n".repeat(2000);
    assert!(matches!(
        refused(&zip(&[(long.as_str(), b"")])),
        UnpackError::BadPath { .. }
    ));
}

#[test]
fn a_bomb_is_stopped_early() {
    let zeros = vec![0; 4 << 20];
    let in_tar = tar(&[(EntryType::Regular, "zeros", &zeros)]);
    for bomb in [
        gz(&zeros),
        zip(&[("zeros", &zeros)]),
        xz(&in_tar),
        zst(&in_tar),
        bz2(&in_tar),
    ] {
        let mut bench = Bench::new();
        (
            bench.context.limits.unpack.ratio,
            bench.context.limits.unpack.ratio_from,
        ) = (20, 1 << 20);
        let error = refused_on(&bench, &bomb);
        assert!(matches!(error, UnpackError::Bomb { limit: 20, .. }), "{error:?}");
    }
}

#[test]
fn a_name_without_end_is_not_read_into_memory() {
    let name = vec![b'n'; 8 << 20];
    let bomb = tar(&[
        (EntryType::GNULongName, "././@LongLink", &name),
        (EntryType::Regular, "x", b""),
    ]);
    let error = refused(&gz(&bomb));
    assert!(error.to_string().contains("larger than 1 MiB"), "{error}");
}

#[test]
fn what_ends_early_is_damaged() {
    let (body, plain) = (noise(100_000), tar(&[(EntryType::Regular, "a", &noise(100_000))]));
    for whole in [
        gz(&body),
        xz(&body),
        bz2(&body),
        zst(&body),
        zip(&[("a", &body)]),
        plain.clone(),
        gz(&plain),
    ] {
        let error = refused(&whole[..whole.len() / 2]);
        assert!(matches!(error, UnpackError::Damaged { .. }), "{error:?}");
    }
}

#[test]
fn what_is_no_archive_is_named() {
    for (bytes, what) in [
        (b"".as_slice(), "an empty file"),
        (b"<!DOCTYPE html>", "a web page"),
        (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
        (b"a,b\n1,2\n", "something else"),
        (&[0; 2048], "something else"),
    ] {
        let error = refused(bytes);
        assert!(error.to_string().contains(what), "{error}");
        assert_eq!(error.fault(), Fault::Manifest);
    }
}

#[test]
fn git_archives_and_long_names_are_read() {
    let long = format!("folder/{}.csv", "n".repeat(200));
    let mut builder = Builder::new(gz_writer());
    let mut global = Header::new_ustar();
    global.set_entry_type(EntryType::XGlobalHeader);
    let comment = b"52 comment=5af87e7fce2b90ae1cbd621cd58059036a3c7436\n";
    global.set_size(comment.len() as u64);
    global.set_cksum();
    builder.append(&global, &comment[..]).expect("appended");
    let mut header = Header::new_gnu();
    header.set_size(1);
    header.set_mode(0o644);
    builder
        .append_data(&mut header, &long, &b"x"[..])
        .expect("appended");
    let archive = builder.into_inner().expect("a tar").finish().expect("a gzip");

    let bench = Bench::new();
    let folder = unpack(&bench, "a.tgz", &archive)
        .expect("unpacked")
        .unpacked
        .expect("a folder");
    assert_eq!(read(&folder, &long), b"x");
    let mode = fs::metadata(folder.join(&long)).expect("there").mode();
    assert_eq!(mode & 0o777, 0o444);
}

fn gz_writer() -> flate2::write::GzEncoder<Vec<u8>> {
    flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast())
}
