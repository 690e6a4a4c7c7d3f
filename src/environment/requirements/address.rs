//! What package an address probably stands for.

/// The package that `address` leads to, with its version where a file's name holds one.
///
/// Looked at are `…#egg=NAME`, the name of a wheel or an archive, and the last part of a repository's address.
pub(super) fn release_in(address: &str) -> Option<String> {
    let (path, fragment) = address.split_once('#').unwrap_or((address, ""));
    if let Some(name) = fragment.split('&').find_map(|part| part.strip_prefix("egg=")) {
        return name
            .split(['[', '=', ' '])
            .next()
            .filter(|name| is_name(name))
            .map(str::to_owned);
    }
    let path = path.split('?').next().unwrap_or(path).trim_end_matches('/');
    let last = path.rsplit('/').next().unwrap_or(path);
    let last = last.split('@').next().unwrap_or(last).trim_end_matches(".git");
    file_release(last).or_else(|| is_name(last).then(|| last.to_owned()))
}

/// `torch==1.7.0` of `torch-1.7.0%2Bcpu-cp38-cp38-linux_x86_64.whl` or `torch-1.7.0.tar.gz`.
fn file_release(file: &str) -> Option<String> {
    let (name, rest) = file
        .split_once('-')
        .filter(|(_, rest)| rest.starts_with(|first: char| first.is_ascii_digit()))?;
    let version = rest.split(['-', '+', '%']).next().unwrap_or(rest);
    let endings = [".tar.gz", ".tar.bz2", ".zip", ".whl", ".tgz"];
    let version = endings
        .iter()
        .find_map(|ending| version.strip_suffix(ending))
        .unwrap_or(version);
    let good = is_name(name)
        && version
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || letter == '.');
    good.then(|| format!("{name}=={version}"))
}

fn is_name(text: &str) -> bool {
    let inner = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    text.starts_with(|first: char| first.is_ascii_alphanumeric()) && text.chars().all(inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_recognised_in_addresses() {
        for (address, release) in [
            (
                "git+https://code.example/x/repo.git@v1#egg=name&subdirectory=y",
                Some("name"),
            ),
            ("git+https://code.example/x/repo.git@v1", Some("repo")),
            (
                "https://files.example/torch-1.7.0%2Bcpu-cp38-cp38-linux_x86_64.whl",
                Some("torch==1.7.0"),
            ),
            (
                "https://files.example/en_core-2.1.0.tar.gz?download=1",
                Some("en_core==2.1.0"),
            ),
            ("./vendored/thing", Some("thing")),
            (".", None),
            ("", None),
            ("https://files.example/#egg=$(x)", None),
        ] {
            assert_eq!(release_in(address).as_deref(), release, "{address}");
        }
    }
}
