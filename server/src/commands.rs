//! The commands of operators. Each prints JSON, one object a line.

use clap::{Args, Subcommand};
use holm_server::operate::{self, sessions};
use holm_server::{Clock, Config, OsEntropy, SystemClock};
use serde::Serialize;
use serde_json::json;
use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};

/// What to do instead of serving.
#[derive(Subcommand)]
pub enum Command {
    /// Writes a copy of the data to a file, also while the server runs.
    Backup {
        /// The file, which must not be there.
        file: PathBuf,
    },
    /// Puts a backup in the place of the data, which stay beside it; devices then read everything anew. The server must not run.
    Restore {
        /// The backup.
        file: PathBuf,
    },
    /// Reads all of the data and says what is wrong with them. Ends with 1 if something is.
    Check,
    /// Makes indexes, counts and digests anew from the records. The server must not run.
    Repair,
    /// Says how much there is.
    Stats,
    /// Reads the configuration as the server would.
    Config(Verify),
    /// Accounts.
    #[command(subcommand)]
    User(UserCommand),
    /// Sign-ins.
    #[command(subcommand)]
    Session(SessionCommand),
}

/// What to do with a configuration.
#[derive(Args)]
pub struct Verify {
    /// Says whether the file of --config can be used, and ends with 1 if it cannot.
    #[arg(long, required = true)]
    check: bool,
}

/// What to do with accounts.
#[derive(Subcommand)]
pub enum UserCommand {
    /// Lists accounts by their ids.
    List {
        /// Begins behind this id.
        #[arg(long, default_value = "")]
        after: String,
        /// At most so many.
        #[arg(long, default_value_t = 1_000)]
        limit: u32,
    },
}

/// What to do with sign-ins.
#[derive(Subcommand)]
pub enum SessionCommand {
    /// Lists those of an account that have not ended.
    List {
        /// The id or the address of the account.
        account: String,
    },
    /// Ends one of an account, or all.
    End {
        /// The id or the address of the account.
        account: String,
        /// Its number, as `session list` says it. All without one.
        #[arg(long)]
        id: Option<i64>,
    },
}

impl Command {
    /// Does it. `false`: it was done, and what it found is bad.
    pub fn run(&self, data: &Path, config: Option<&Path>) -> Result<bool, Box<dyn Error>> {
        match self {
            Self::Backup { file } => print(&json!({"bytes": operate::backup(data, file)?.bytes, "file": file}))?,
            Self::Restore { file } => {
                let restored = operate::restore(data, file, &OsEntropy)?;
                print(&json!({"restored": file, "replaced": restored.replaced}))?;
            }
            Self::Check => return report(&operate::check(data)?),
            Self::Repair => return report(&operate::repair(data)?),
            Self::Stats => print(&operate::stats(data)?)?,
            Self::Config(Verify { check: _ }) => {
                let read = config.map_or_else(|| Ok(Config::default()), Config::load);
                let fault = read.and_then(|config| config.validate()).err().map(|error| error.to_string());
                print(&json!({"config": config, "fault": fault}))?;
                return Ok(fault.is_none());
            }
            Self::User(UserCommand::List { after, limit }) => {
                sessions::accounts(data, after, *limit)?.iter().try_for_each(print)?;
            }
            Self::Session(SessionCommand::List { account }) => {
                sessions::list(data, account)?.iter().try_for_each(print)?
            }
            Self::Session(SessionCommand::End { account, id }) => {
                print(&json!({"ended": sessions::end(data, account, *id, SystemClock.now_ms())?}))?;
            }
        }
        Ok(true)
    }
}

/// Prints faults and whether there are none.
fn report(faults: &[String]) -> Result<bool, Box<dyn Error>> {
    faults.iter().try_for_each(|fault| print(&json!({"fault": fault})))?;
    print(&json!({"faults": faults.len()}))?;
    Ok(faults.is_empty())
}

fn print(line: &impl Serialize) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    serde_json::to_writer(&mut stdout, line)?;
    writeln!(stdout)
}
