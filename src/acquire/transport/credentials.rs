//! Asking the user's credential helpers for a login.
//!
//! Helpers are programs that the user named in git's configuration; they are
//! run as git runs them, with `get`, and never told to ask at the terminal.
//! What they know is neither stored nor erased here.

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::acquire::git::address::{Login, Web};
use crate::acquire::git::configuration::Configuration;

/// How long a helper may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// The most that a helper may say, in bytes.
const MOST: u64 = 64 * 1024;

/// The first login with a password that a helper has for `web`.
pub(super) fn ask(web: &Web, configuration: &Configuration) -> Option<Login> {
    let user = web.login.as_ref().map(|login| login.user.as_str());
    let user = user.or_else(|| configuration.one_for("credential", "username", web));
    let with_path = configuration.one_for("credential", "usehttppath", web) == Some("true");
    let question = question(web, user, with_path);
    let helpers = configuration.all_for("credential", "helper", web, false);
    helpers.into_iter().find_map(|helper| {
        let answer = run(&command_line(helper), &question)?;
        login(&answer, user)
    })
}

/// The attributes that a helper is given. Addresses hold no line breaks, so none can add an attribute.
fn question(web: &Web, user: Option<&str>, with_path: bool) -> String {
    let protocol = if web.secure { "https" } else { "http" };
    let mut text = format!("protocol={protocol}\nhost={}\n", web.authority());
    if with_path {
        text.push_str(&format!("path={}\n", web.path.trim_start_matches('/')));
    }
    if let Some(user) = user.filter(|user| !user.contains(['\n', '\0'])) {
        text.push_str(&format!("username={user}\n"));
    }
    text.push('\n');
    text
}

/// What the shell runs: `!` a command, a path, or the end of `git credential-…`.
fn command_line(helper: &str) -> String {
    if let Some(command) = helper.strip_prefix('!') {
        return format!("{command} get");
    }
    if helper.starts_with('/') {
        return format!("{helper} get");
    }
    format!("git credential-{helper} get")
}

fn run(command_line: &str, question: &str) -> Option<String> {
    let mut child = Command::new("sh")
        .args(["-c", command_line])
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GCM_INTERACTIVE", "never")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let answer = converse(&mut child, question);
    let _ = child.kill();
    let _ = child.wait();
    answer
}

fn converse(child: &mut Child, question: &str) -> Option<String> {
    // A helper that does not read its input is no failure.
    let _ = child.stdin.take()?.write_all(question.as_bytes());
    let output = child.stdout.take()?;
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut text = String::new();
        let read = output.take(MOST).read_to_string(&mut text);
        let _ = sender.send(read.is_ok().then_some(text));
    });
    receiver.recv_timeout(PATIENCE).ok()?
}

fn login(answer: &str, user: Option<&str>) -> Option<Login> {
    let value = |name: &str| {
        let mut lines = answer.lines().filter_map(|line| line.split_once('='));
        lines
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value.to_owned())
    };
    Some(Login {
        user: value("username").or_else(|| user.map(str::to_owned))?,
        password: Some(value("password")?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask_with(helpers: &[&str], address: &str) -> Option<(String, String)> {
        let mut configuration = Configuration::default();
        for helper in helpers {
            configuration.set("credential.helper", *helper);
        }
        let web = Web::parse(address).expect("an address");
        let login = ask(&web, &configuration)?;
        Some((login.user, login.password?))
    }

    #[test]
    fn the_first_helper_that_knows_answers() {
        let none = "!true";
        let knows = "!f() { echo username=me; echo password=secret=1; }; f";
        let found = ask_with(&[none, knows], "https://example.org/x");
        assert_eq!(found, Some(("me".to_owned(), "secret=1".to_owned())));
        assert_eq!(ask_with(&[none], "https://example.org/x"), None);
        assert_eq!(ask_with(&[], "https://example.org/x"), None);
        assert_eq!(
            ask_with(&["!echo password="], "https://me@example.org/x")
                .expect("a login")
                .0,
            "me"
        );
    }

    #[test]
    fn a_helper_is_told_where_the_login_is_for() {
        let tells = "!f() { echo \"password=$(tr '\\n' ' ')\"; }; f";
        let told = ask_with(&[tells], "https://me@example.org:444/a/b")
            .expect("a login")
            .1;
        assert_eq!(told.trim(), "protocol=https host=example.org:444 username=me");
    }
}
