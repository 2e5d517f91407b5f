//! Everything the console can be told to do, in one closed list: its name, where it applies, its keys, its word in the footer and
//! one line about it. Key map, palette, help, footer and the key reference are all made from this list.

use std::fmt;

/// Where a command applies. What has the focus names its scopes, the most specific first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// Always.
    Everywhere,
    /// Any list.
    List,
    /// The first screen.
    Overview,
    /// The list of jobs, and one job.
    Jobs,
    /// What ran and what runs, and one run.
    Runs,
    /// Backups and their copies, and one backup.
    Backups,
    /// Sources and destinations.
    Adapters,
    /// Who did what.
    Audit,
    /// Engine, settings, profiles, the database itself.
    System,
    /// A run's log.
    Log,
    /// A form.
    Form,
    /// A question.
    Dialog,
    /// What is gone through step by step.
    Steps,
}

impl Scope {
    /// Every scope, in the order help shows them.
    pub const ALL: [Self; 13] = [
        Self::Everywhere,
        Self::List,
        Self::Overview,
        Self::Jobs,
        Self::Runs,
        Self::Log,
        Self::Backups,
        Self::Adapters,
        Self::Audit,
        Self::System,
        Self::Form,
        Self::Dialog,
        Self::Steps,
    ];

    /// Its name in `keys.toml` and as a heading.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Everywhere => "everywhere",
            Self::List => "lists",
            Self::Overview => "overview",
            Self::Jobs => "jobs",
            Self::Runs => "runs",
            Self::Backups => "backups",
            Self::Adapters => "adapters",
            Self::Audit => "audit",
            Self::System => "system",
            Self::Log => "log",
            Self::Form => "forms",
            Self::Dialog => "dialogs",
            Self::Steps => "steps",
        }
    }
}

impl Scope {
    /// The sections that apply where this one does and come after it: a key that both have does only what this one says.
    pub const fn enclosing(self) -> &'static [Self] {
        match self {
            Self::Everywhere => &[],
            Self::List | Self::Overview | Self::Form => &[Self::Everywhere],
            Self::Jobs | Self::Runs | Self::Backups | Self::Adapters | Self::Audit | Self::System | Self::Dialog => {
                &[Self::List, Self::Everywhere]
            }
            Self::Log => &[Self::Runs, Self::List, Self::Everywhere],
            Self::Steps => &[Self::Form, Self::List, Self::Everywhere],
        }
    }

    /// Whether it lies over a pane, of which little works then.
    const fn is_on_top(self) -> bool {
        matches!(self, Self::Form | Self::Dialog | Self::Steps)
    }

    /// Whether `command`, which `outer` has a key for, can be reached where this section applies: otherwise nobody misses the
    /// key.
    pub fn reaches(self, outer: Self, command: Command) -> bool {
        match outer {
            Self::Everywhere if self.is_on_top() => OVER_LAYERS.contains(&command),
            Self::List if self.is_on_top() => MOVES.contains(&command),
            _ => true,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What is known of a command.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The command.
    pub command: Command,
    /// Its name in the palette and in `keys.toml`.
    pub name: &'static str,
    /// Where it applies.
    pub scopes: &'static [Scope],
    /// Its keys, as [`super::key::Key`] reads them.
    pub keys: &'static [&'static str],
    /// Its word in the footer; empty when it is not shown there.
    pub hint: &'static str,
    /// Whether it changes something outside the console: `--read-only` refuses it.
    pub changes: bool,
    /// One line about it.
    pub help: &'static str,
}

macro_rules! commands {
    ($( $variant:ident $name:literal [$($scope:ident)+] [$($key:literal)*] $hint:literal $changes:literal $help:literal; )+) => {
        /// Something the console can be told to do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Command {
            $( #[doc = $help] $variant, )+
        }

        /// Every command. Where several share a key, the focused thing's scopes decide.
        pub const ALL: &[Entry] = &[
            $( Entry {
                command: Command::$variant,
                name: $name,
                scopes: &[$(Scope::$scope),+],
                keys: &[$($key),*],
                hint: $hint,
                changes: $changes,
                help: $help,
            }, )+
        ];
    };
}

commands! {
    // Everywhere
    ShowOverview   "overview"        [Everywhere] ["1"] "" false "Go to the overview.";
    ShowJobs       "jobs"            [Everywhere] ["2"] "" false "Go to the jobs.";
    ShowRuns       "runs"            [Everywhere] ["3"] "" false "Go to the runs.";
    ShowBackups    "backups"         [Everywhere] ["4"] "" false "Go to the backups.";
    ShowAdapters   "adapters"        [Everywhere] ["5"] "" false "Go to the adapters.";
    ShowAudit      "audit"           [Everywhere] ["6"] "" false "Go to the audit log.";
    ShowSystem     "system"          [Everywhere] ["7"] "" false "Go to the engine, settings and profiles.";
    NextFocus      "next-focus"      [Everywhere List] ["tab"] "next part" false "Move the focus to the next part of the screen.";
    PreviousFocus  "previous-focus"  [Everywhere List] ["backtab"] "" false "Move the focus to the previous part of the screen.";
    Open           "open"            [Everywhere List Form] ["enter"] "open" false "Open what is selected; in a form go to the next field.";
    Back           "back"            [Everywhere] ["esc"] "" false "Go back: close what is open, clear the filter and the marks.";
    Quit           "quit"            [Everywhere] ["q" "ctrl-c"] "" false "Go back; at the root leave the console. The engine goes on, unless `--inline` has it run inside the console.";
    Palette        "palette"         [Everywhere] [":"] "command" false "Type a command, or the name of a job, adapter, profile or run.";
    Help           "help"            [Everywhere] ["?" "f1"] "help" false "Show what every key does here.";
    Copy           "copy"            [Everywhere] ["y"] "" false "Copy the id, name, path or command of what is selected.";
    History        "history"         [Everywhere] ["H"] "" false "Show who did what to what is selected.";
    Messages       "messages"        [Everywhere] ["M"] "" false "Show the messages of this session.";
    NextTheme      "theme"           [Everywhere] ["T"] "" false "Switch to the next theme.";
    ToggleMouse    "mouse"           [Everywhere] ["m"] "" false "Let the mouse select and scroll, or leave it to the terminal.";
    Redraw         "redraw"          [Everywhere] ["ctrl-l"] "" false "Draw the whole screen anew.";
    Suspend        "suspend"         [Everywhere] ["ctrl-z"] "" false "Go back to the shell; `fg` returns.";

    // Lists
    Down           "down"            [List Log Overview] ["j" "down"] "" false "Move down by one.";
    Up             "up"              [List Log Overview] ["k" "up"] "" false "Move up by one.";
    Top            "top"             [List Log Overview] ["g" "home"] "" false "Go to the first.";
    Bottom         "bottom"          [List Log Overview] ["G" "end"] "" false "Go to the last.";
    HalfDown       "half-page-down"  [List Log Overview] ["ctrl-d"] "" false "Move down by half a page.";
    HalfUp         "half-page-up"    [List Log Overview] ["ctrl-u"] "" false "Move up by half a page.";
    PageDown       "page-down"       [List Log Overview] ["pgdn" "ctrl-f"] "" false "Move down by a page.";
    PageUp         "page-up"         [List Log Overview] ["pgup" "ctrl-b"] "" false "Move up by a page.";
    Filter         "filter"          [List] ["/"] "filter" false "Show only what contains a text.";
    Sort           "sort"            [List] ["s"] "" false "Sort by the next column; after both directions of one comes the next.";
    Mark           "mark"            [List] ["space"] "" false "Mark it, for a command that works on several.";
    MarkAll        "mark-all"        [List] ["*"] "all" false "Mark all that are shown, or none.";

    // What several panes have
    Add            "add"             [Jobs Adapters System] ["a"] "add" true "Add a new one.";
    Edit           "edit"            [Jobs Adapters System] ["e"] "edit" true "Edit what is selected.";
    Clone          "clone"           [Jobs] ["c"] "" true "Make a new one like it.";
    Rename         "rename"          [Jobs Adapters System] ["n"] "" true "Give it another name.";
    Delete         "delete"          [Jobs Backups Adapters] ["D"] "" true "Delete it, after saying what that does.";

    Export         "export"          [Jobs Audit System] ["w"] "" true "Write it to a file: a job as its definition, the whole record as JSON lines, a profile as its key.";

    // Jobs
    Apply          "apply"           [Jobs] ["A"] "apply a file" true "Make jobs what a file says, after showing what differs.";
    Run            "run"             [Jobs Overview] ["r"] "run" true "Run the job now.";
    Pause          "pause"           [Jobs] ["p"] "pause" true "Pause the job until a time, or resume it.";
    Revisions      "revisions"       [Jobs] ["v"] "revisions" false "Show every revision of the job and what changed; go back to one.";
    JobRuns        "job-runs"        [Jobs] ["l"] "runs" false "Show the runs of the job.";
    JobBackups     "job-backups"     [Jobs] ["b"] "backups" false "Show the backups of the job.";
    GoBack         "go-back"         [Jobs] ["B"] "go back to it" true "Among the revisions: make the job what it was at the one that is selected.";
    Retention      "retention"       [Jobs] ["K"] "retention" false "Show what the retention would keep and delete now.";

    // Runs
    Log            "log"             [Runs] ["l"] "log" false "Show the log.";
    Cancel         "cancel"          [Runs Overview] ["x"] "cancel" true "Cancel the run: what it has written is taken back.";
    OnlyFailed     "only-failed"     [Runs] ["o"] "only failed" false "Show only runs that failed or are partial, or all.";
    RunAgain       "run-again"       [Runs] ["R"] "run again" true "Ask for the same run again.";
    FilterType     "only-type"       [Runs] ["t"] "type" false "Show only backups, restores, verifications or repairs.";
    FilterStatus   "only-status"     [Runs] ["S"] "status" false "Show only runs with one status: pending, running, success and so on.";
    FilterTime     "time-range"      [Runs Audit] ["d"] "when" false "Show only those of a range of time.";

    // Log
    Follow         "follow"          [Log] ["f"] "follow" false "Follow the end of the log, or stay.";
    Wrap           "wrap"            [Log] ["w"] "wrap" false "Wrap long lines, or cut them.";
    Times          "times"           [Log] ["t"] "times" false "Show times as clock, since the start, or not.";
    LogLevel       "level"           [Log] ["L"] "level" false "Show only lines from the next level up.";
    NextError      "next-error"      [Log] ["E"] "next error" false "Go to the next error.";
    Search         "search"          [Log] ["/"] "search" false "Search for a text.";
    NextMatch      "next-match"      [Log] ["n"] "" false "Go to the next match.";
    PreviousMatch  "previous-match"  [Log] ["N"] "" false "Go to the previous match.";
    SaveLog        "save-log"        [Log] ["ctrl-s"] "save" false "Save the log to a file.";

    // Backups
    Restore        "restore"         [Backups] ["u"] "restore" true "Give data back from the backup.";
    Verify         "verify"          [Backups] ["v"] "verify" true "Prove the backup: its bytes, its content, or by restoring it.";
    Lock           "lock"            [Backups] ["L"] "lock" true "Lock the backup against retention and deletion, or unlock it.";
    Repair         "repair"          [Backups] ["F"] "repair" true "Make missing or corrupt copies anew from a good one.";
    Download       "download"        [Backups] ["d"] "download" true "Fetch the backup's files, or one of them, into a directory.";
    Decrypt        "decrypt"         [Backups] ["U"] "decrypt" true "Decrypt an object of a backup that lies as a file, with a key file.";
    ByDestination  "by-destination"  [Backups] ["b"] "browse" false "Browse by job or by destination.";
    BackupRun      "backup-run"      [Backups] ["l"] "its run" false "Show the run that made the backup, with its log.";
    Orphans        "orphans"         [Backups] ["O"] "" false "List what lies at a destination and belongs to no backup.";
    Scan           "scan"            [Backups] ["S"] "" true "Take up backups found at a destination.";

    // Adapters
    Test           "test"            [Adapters] ["t"] "test" true "Connect, say version and latency, and record both.";
    Browse         "browse"          [Adapters] ["b"] "browse" false "Show the databases of the source with sizes and tables.";

    // Audit
    FilterActor    "only-actor"      [Audit] ["u"] "who" false "Show only what one person did.";
    FilterAction   "only-action"     [Audit] ["a"] "what" false "Show only one kind of action.";
    VerifyChain    "verify-chain"    [Audit] ["v"] "verify" false "Check that no row of the record was changed or removed.";

    // System
    StartEngine    "start-engine"    [System Overview] ["S"] "start" true "Start the engine.";
    StopEngine     "stop-engine"     [System] ["X"] "stop" true "Stop the engine; running work gets its grace period.";
    InstallEngine  "install-engine"  [System] ["I"] "install" true "Make the engine a systemd service: shows the unit before it writes it.";
    ResetSetting   "reset-setting"   [System] ["backspace"] "default" true "Set it back to its default.";
    Reveal         "reveal"          [System] ["v"] "show key" true "Show the key of the profile; this is recorded.";
    Rotate         "rotate"          [System] ["R"] "rotate" true "Give the profile's jobs a new key.";
    Retire         "retire"          [System] ["D"] "retire" true "Use the profile for nothing new.";
    ImportKey      "import-key"      [System] ["i"] "import" true "Make a profile of a key that exists.";
    RecoveryKit    "recovery-kit"    [System] ["K"] "kit" true "Write the recovery kit.";
    Doctor         "doctor"          [System] ["d"] "doctor" false "Check keys, database, disks, tools, engine and jobs.";

    // Forms and questions
    NextField      "next-field"      [Form] ["tab" "down"] "next field" false "Go to the next field.";
    PreviousField  "previous-field"  [Form] ["backtab" "up"] "" false "Go to the previous field.";
    Save           "save"            [Form] ["ctrl-s"] "save" false "Save the form.";
    TestForm       "test-form"       [Form] ["ctrl-t"] "test" false "Connect with what the form says, without saving.";
    Toggle         "toggle"          [Form] ["space"] "or left/right change" false "Switch it, mark it, or take the next one; left and right do too.";
    MoveUp         "move-up"         [Form] ["alt-up" "alt-k"] "" false "Move it up in its list, where the order counts.";
    MoveDown       "move-down"       [Form] ["alt-down" "alt-j"] "" false "Move it down in its list, where the order counts.";
    LongText       "long-text"       [Form] ["ctrl-e"] "window" false "Edit the field in a larger window.";
    Accept         "accept"          [Dialog] ["enter"] "answer" false "Answer.";
    Yes            "yes"             [Dialog] ["y"] "" false "Answer yes.";
    No             "no"              [Dialog] ["n"] "" false "Answer no.";
    NextButton     "next-answer"     [Dialog] ["tab" "right" "down"] "other answer" false "Go to the next answer.";
    PreviousButton "previous-answer" [Dialog] ["backtab" "left" "up"] "" false "Go to the previous answer.";
    GoOn           "go-on"           [Steps] ["enter" "ctrl-s"] "go on" false "Go on to the next step; at the last one have it done.";
}

/// What works while something lies on top of the pane.
pub const OVER_LAYERS: [Command; 8] = [
    Command::Back,
    Command::Quit,
    Command::Help,
    Command::Messages,
    Command::NextTheme,
    Command::ToggleMouse,
    Command::Redraw,
    Command::Suspend,
];

/// What moves in a list that lies on top.
pub(super) const MOVES: [Command; 8] = [
    Command::Down,
    Command::Up,
    Command::Top,
    Command::Bottom,
    Command::HalfDown,
    Command::HalfUp,
    Command::PageDown,
    Command::PageUp,
];

impl Command {
    /// What is known of it.
    #[expect(
        clippy::indexing_slicing,
        reason = "the list is made from the same lines as the enum, in the same order"
    )]
    pub fn entry(self) -> &'static Entry {
        &ALL[self as usize]
    }

    /// Its name in the palette and in `keys.toml`.
    pub fn name(self) -> &'static str {
        self.entry().name
    }

    /// The command of that name.
    pub fn find(name: &str) -> Option<Self> {
        ALL.iter().find(|entry| entry.name == name).map(|entry| entry.command)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn entries_stand_at_their_commands_number() {
        for entry in ALL {
            assert_eq!(entry.command.entry().name, entry.name);
        }
    }

    /// What moves in a list, filters, sorts and marks means the same in every pane.
    #[test]
    fn no_pane_takes_a_key_of_lists_for_something_else() {
        let panes = [
            Scope::Overview,
            Scope::Jobs,
            Scope::Runs,
            Scope::Backups,
            Scope::Adapters,
            Scope::Audit,
            Scope::System,
        ];
        let keymap = crate::console::keymap::Keymap::default();
        for key in ["j", "k", "g", "G", "/", "s", "space", "*", "up", "down", "home", "end"] {
            let key = key.parse().unwrap();
            let of_lists = keymap.find(&[Scope::List], key);
            for pane in panes {
                assert_eq!(keymap.find(&[pane, Scope::List], key), of_lists, "{key} in {pane}");
            }
        }
    }

    #[test]
    fn names_are_unique_and_lines_are_sentences() {
        let mut names = HashSet::new();
        for entry in ALL {
            assert!(names.insert(entry.name), "{} twice", entry.name);
            assert!(entry.help.ends_with('.'), "{}", entry.help);
        }
    }
}
