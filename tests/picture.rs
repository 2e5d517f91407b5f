//! The picture in the README is what the commands print. It is drawn from their output here, so that it cannot grow stale:
//! what differs from run to run (times, sizes, ids) is looked past, anything else fails until it is drawn again with
//! `BACKSTAY_DRAW=1 cargo test --test picture`.

#![allow(clippy::unwrap_used, reason = "a helper that cannot do its work fails the test")]

#[path = "support/lib.rs"]
mod support;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use support::home::Home;

/// The width of a character, in tenths of a pixel.
const COLUMN_TENTHS: usize = 84;
const LINE: usize = 19;
const MARGIN: usize = 18;

const STORY: [&[&str]; 3] = [
    &["run", "shop", "--follow"],
    &[
        "restore",
        "latest:shop",
        "--to",
        "shop",
        "--database",
        "shop=shop_tuesday",
        "--plan",
    ],
    &["status"],
];

#[test]
fn the_picture_shows_what_the_commands_print() {
    let home = Home::new();
    let kept = home.beside("demo");
    let kept = kept.to_str().unwrap();
    home.run(&["demo", "--headless", "--keep", kept]).ok();
    let demo = format!("{kept}/home");
    home.run(&["--home", &demo, "daemon", "start"]).ok();
    let lines = tell(&home, &demo);
    home.run(&["--home", &demo, "daemon", "stop"]).ok();
    let lines: Vec<String> = lines.iter().map(|line| line.replace(kept, "/tmp/demo")).collect();

    let picture = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/screen.svg");
    if std::env::var_os("BACKSTAY_DRAW").is_some() {
        std::fs::write(&picture, draw(&lines)).unwrap();
    }
    assert_eq!(
        drawn(&picture),
        lines.iter().map(|line| lasting(line)).collect::<Vec<_>>()
    );
}

fn tell(home: &Home, demo: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for arguments in STORY {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.push(format!("$ backstay {}", arguments.join(" ")));
        let ran = home.run(&[&["--home", demo], arguments].concat());
        lines.extend(ran.stdout.lines().filter(|line| !line.is_empty()).map(str::to_owned));
    }
    lines
}

/// A line without what differs from run to run.
fn lasting(line: &str) -> String {
    let words = line.split_whitespace().map(|word| {
        let bare = word.trim_matches(|c: char| c.is_ascii_punctuation());
        let id = bare.len() == 8 && bare.chars().all(|c| c.is_ascii_hexdigit());
        let number = bare.contains(|c: char| c.is_ascii_digit());
        if id || number || ["ms", "s", "KiB", "MiB", "B"].contains(&bare) {
            "…"
        } else {
            word
        }
    });
    let mut words: Vec<&str> = words.collect();
    words.dedup();
    words.join(" ")
}

fn drawn(picture: &PathBuf) -> Vec<String> {
    let text = std::fs::read_to_string(picture).unwrap_or_default();
    let lines = text
        .lines()
        .filter_map(|line| line.strip_prefix("<text ")?.split_once('>'));
    let plain = lines.map(|(_, body)| {
        let mut plain = String::new();
        let mut tag = false;
        for c in body.chars() {
            match c {
                '<' => tag = true,
                '>' => tag = false,
                _ if !tag => plain.push(c),
                _ => {}
            }
        }
        plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    });
    plain.map(|line| lasting(&line)).collect()
}

fn draw(lines: &[String]) -> String {
    let columns = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0);
    let width = columns * COLUMN_TENTHS / 10 + 2 * MARGIN;
    let height = lines.len() * LINE + 2 * MARGIN;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#16181d\"/>\n\
         <g font-family=\"ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace\" font-size=\"14\" \
         fill=\"#d7dae0\" xml:space=\"preserve\">\n"
    );
    for (at, line) in lines.iter().enumerate() {
        let y = MARGIN + (at + 1) * LINE - 5;
        writeln!(svg, "<text x=\"{MARGIN}\" y=\"{y}\">{}</text>", paint(line)).unwrap();
    }
    svg + "</g>\n</svg>\n"
}

fn paint(line: &str) -> String {
    let safe = line.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    if let Some(command) = safe.strip_prefix("$ ") {
        return format!("<tspan fill=\"#7f8694\">$ </tspan><tspan font-weight=\"bold\">{command}</tspan>");
    }
    let good = "<tspan fill=\"#8ccf7e\">";
    let painted = safe
        .replace('●', &format!("{good}●</tspan>"))
        .replace("success", &format!("{good}success</tspan>"));
    painted.replace(" info ", " <tspan fill=\"#7f8694\">info</tspan> ")
}
