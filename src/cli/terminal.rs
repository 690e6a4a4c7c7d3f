//! Both streams: results on stdout, everything else on stderr.
//!
//! Progress bars when stderr is a terminal, plain lines when it is not. Text
//! from the paper's side never reaches a terminal with its control characters.

use std::collections::HashMap;
use std::io::{self, IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clap::ValueEnum;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use reproof::error::{Diagnose, chain};
use reproof::observe::{Event, Observer, Stage};
use reproof::report::{Look, visible as clean};

/// `--color`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    /// When the stream is a terminal and `NO_COLOR` is not set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How much is said on stderr.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verbosity {
    /// Errors alone.
    Quiet,
    /// What is being done.
    Normal,
    /// And what the steps write.
    Verbose,
}

/// The two streams and what may be written to them.
#[derive(Debug)]
pub(crate) struct Terminal {
    verbosity: Verbosity,
    color_out: bool,
    color_err: bool,
    bars: Option<MultiProgress>,
    running: Mutex<HashMap<String, ProgressBar>>,
    cancelled: Arc<AtomicBool>,
}

impl Terminal {
    /// `no_color`: whether the user set `NO_COLOR`.
    pub(crate) fn new(verbosity: Verbosity, color: ColorChoice, no_color: bool) -> Self {
        let colored = |is_terminal: bool| match color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => is_terminal && !no_color,
        };
        let interactive = io::stderr().is_terminal() && verbosity == Verbosity::Normal;
        Self {
            verbosity,
            color_out: colored(io::stdout().is_terminal()),
            color_err: colored(io::stderr().is_terminal()),
            bars: interactive.then(MultiProgress::new),
            running: Mutex::default(),
            cancelled: Arc::default(),
        }
    }

    /// The flag that says that the user asked to stop; set by the signal handler.
    pub(crate) fn cancel_flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.cancelled)
    }

    /// From now on the first signal ends the program: for work that leaves nothing half done and does not look.
    pub(crate) fn stop_at_once(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether the user asked to stop.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// Whether nothing but results and errors may be said.
    pub(crate) fn is_quiet(&self) -> bool {
        self.verbosity == Verbosity::Quiet
    }

    /// Whether messages may be coloured.
    pub(crate) fn colors_messages(&self) -> bool {
        self.color_err
    }

    /// Whether more than usual is to be said.
    pub(crate) fn is_verbose(&self) -> bool {
        self.verbosity == Verbosity::Verbose
    }

    /// How many columns a table may have: those of the terminal, within reason; 100 for a file or a pipe.
    pub(crate) fn width(&self) -> u16 {
        let columns = rustix::termios::tcgetwinsize(io::stdout()).map(|size| size.ws_col);
        // A terminal that does not know its width says 0.
        match columns {
            Ok(0) | Err(_) => 100,
            Ok(columns) => columns.clamp(60, 200),
        }
    }

    /// How results look.
    pub(crate) fn look(&self) -> Look {
        Look {
            color: self.color_out,
            width: self.width(),
        }
    }

    /// Writes a result. A closed pipe is the reader's choice and no error.
    #[expect(
        clippy::unused_self,
        reason = "results belong to the terminal, whatever it is told about colour"
    )]
    pub(crate) fn result(&self, text: &str) {
        let mut stdout = io::stdout().lock();
        let _ = stdout.write_all(text.as_bytes());
        if !text.ends_with('\n') {
            let _ = stdout.write_all(b"\n");
        }
        let _ = stdout.flush();
    }

    /// Writes an error with its causes and its hint.
    pub(crate) fn error(&self, error: &dyn Diagnose) {
        self.message("error", "31", &chain_of(error));
        if let Some(hint) = error.hint() {
            self.line("");
            self.message("hint", "36", &hint);
        }
    }

    /// Writes one line that starts with a coloured word.
    pub(crate) fn message(&self, word: &str, color: &str, text: &str) {
        let text = clean(text);
        if self.color_err {
            self.line(&format!("\x1b[1;{color}m{word}\x1b[0m: {text}"));
        } else {
            self.line(&format!("{word}: {text}"));
        }
    }

    /// Writes a line to stderr, above the bars if there are any. The caller has cleaned it.
    pub(crate) fn line(&self, text: &str) {
        match &self.bars {
            Some(bars) => bars.suspend(|| write_err(text)),
            None => write_err(text),
        }
    }

    fn began(&self, what: &str) {
        let Some(bars) = &self.bars else { return };
        let bar = bars.add(ProgressBar::new_spinner().with_message(clean(what)));
        bar.enable_steady_tick(Duration::from_millis(120));
        self.running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(what.to_owned(), bar);
    }

    fn progress(&self, what: &str, done: u64, total: Option<u64>) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(bar) = running.get(what) else { return };
        if let Some(total) = total
            && bar.length() != Some(total)
        {
            bar.set_length(total);
            let style = "{spinner} {msg} {wide_bar} {binary_bytes}/{binary_total_bytes} {eta}";
            if let Ok(style) = ProgressStyle::with_template(style) {
                bar.set_style(style);
            }
        }
        bar.set_position(done);
    }

    fn ended(&self, what: &str, how: &str) {
        self.clear(what);
        self.line(&format!("  {}: {}", clean(what), clean(how)));
    }

    /// Takes away the bar of a piece of work of which there is nothing to say.
    pub(crate) fn clear(&self, what: &str) {
        let bar = self
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(what);
        if let Some(bar) = bar {
            bar.finish_and_clear();
        }
    }
}

impl Observer for Terminal {
    fn event(&self, event: Event<'_>) {
        if self.verbosity == Verbosity::Quiet {
            return;
        }
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "what is not known here need not be shown"
        )]
        match event {
            Event::StageStarted(stage) => self.line(stage_title(stage)),
            Event::Began(what) => self.began(what),
            Event::Progress { what, done, total } => self.progress(what, done, total),
            Event::Ended { what, how } => self.ended(what, how),
            Event::Note(text) => self.line(&format!("  note: {}", clean(text))),
            Event::Output { step, bytes } if self.verbosity == Verbosity::Verbose => {
                for line in String::from_utf8_lossy(bytes).lines() {
                    self.line(&format!("  {} | {}", clean(step), clean(line)));
                }
            }
            _ => {}
        }
    }

    fn cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }
}

fn stage_title(stage: Stage) -> &'static str {
    match stage {
        Stage::Manifest => "reading the manifest",
        Stage::Audit => "auditing the claims",
        Stage::Acquire => "pinning the code, fetching the data",
        Stage::Environment => "building the environment",
        Stage::Execute => "running the steps",
        Stage::Profile => "looking at the data",
        Stage::Measure => "measuring",
        Stage::Judge => "judging",
        Stage::Report => "writing the report",
    }
}

fn write_err(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

fn chain_of(error: &dyn Diagnose) -> String {
    let mut text = error.to_string();
    if let Some(cause) = error.source() {
        text.push_str("\n  cause: ");
        text.push_str(&chain(cause));
    }
    text
}
