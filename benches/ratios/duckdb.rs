//! DuckDB as a child process, asked in turns with the kernels.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

pub struct DuckDb {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl DuckDb {
    /// Loads a folder. `None` without a Python that has the package: the environment variable
    /// `BENCH_PYTHON` names one.
    pub fn load(folder: &std::path::Path) -> Option<Self> {
        let python = std::env::var("BENCH_PYTHON").ok()?;
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/ratios/ask_duckdb.py");
        let pipes = |command: &mut Command| command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = pipes(Command::new(python).arg(script).arg(folder)).expect("Python starts");
        let questions = child.stdin.take().expect("piped");
        let answers = BufReader::new(child.stdout.take().expect("piped"));
        let mut duckdb = Self { child, questions, answers };
        assert_eq!(duckdb.line(), "ready", "DuckDB loads the touchpoints");
        Some(duckdb)
    }

    /// Milliseconds of the quickest text, once each; every answer must be the expected one.
    pub fn ask(&mut self, question: &str, way: &str, expected: &str) -> Vec<f64> {
        writeln!(self.questions, "{question} {way}").expect("DuckDB listens");
        let line = self.line();
        let columns: Vec<&str> = line.split('\t').collect();
        let texts = columns.chunks_exact(2).map(|text| {
            assert!(same(expected, text[1]), "{question}: the kernel says {expected}, DuckDB {}", text[1]);
            text[0].parse().expect("milliseconds")
        });
        texts.collect()
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("DuckDB answers");
        assert!(!line.is_empty(), "DuckDB ended");
        line.trim_end().to_owned()
    }
}

impl Drop for DuckDb {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether two answers hold the same numbers.
fn same(ours: &str, theirs: &str) -> bool {
    let numbers = |text: &str| -> Vec<f64> {
        text.split_whitespace().map(|word| word.parse().unwrap_or(f64::NAN)).collect()
    };
    let (ours, theirs) = (numbers(ours), numbers(theirs));
    let close = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-9 * b.abs().max(1.0);
    ours.len() == theirs.len() && ours.iter().zip(&theirs).all(close)
}
