//! `blockworm console-user`: the people who sign in at a node's console.

use super::private_files::{LOOK_AT_THE_FOLDER, private_file_failure};
use crate::{
    cli::{
        ApiKeyPlace, ConsoleUserAddArgs, ConsoleUserCommand, ConsoleUserNamed,
        ConsoleUserPasswordArgs, PasswordSource,
    },
    commands::api_key::node_file,
    failure::{Failure, Result},
    output::{self, Format},
    prompt,
};
use blockworm_service::users::{
    LONGEST_PASSWORD, NewUser, Secrets, UserFile, UserRecord, UsersError, now_ms,
};
use qrcodegen::{QrCode, QrCodeEcc};
use serde_json::{Value, json};
use std::{
    fs,
    io::{self, IsTerminal as _},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    process::ExitCode,
};
use zeroize::Zeroizing;

/// Runs one of them.
pub fn run(command: &ConsoleUserCommand, format: Format) -> Result<ExitCode> {
    match command {
        ConsoleUserCommand::Add(args) => add(args, format),
        ConsoleUserCommand::List(of) => list(of, format),
        ConsoleUserCommand::ResetPassword(args) => reset_password(args, format),
        ConsoleUserCommand::ResetTotp(args) => reset_totp(args, format),
        ConsoleUserCommand::Disable(args) => set_disabled(args, true, format),
        ConsoleUserCommand::Enable(args) => set_disabled(args, false, format),
        ConsoleUserCommand::Remove(args) => remove(args, format),
    }?;
    Ok(ExitCode::SUCCESS)
}

fn add(args: &ConsoleUserAddArgs, format: Format) -> Result<()> {
    let path = users_path(&args.of)?;
    let new = NewUser {
        name: args.name.clone(),
        scopes: args.scopes.iter().copied().collect(),
        ledgers: args.ledgers.clone(),
        password: password(&args.password)?,
    };
    let (secrets, value) = change(&path, |file| {
        let secrets = file.add(new, now_ms())?;
        let value = file.users.last().map_or(Value::Null, view);
        Ok((secrets, value))
    })?;
    show_secrets(args.of.node.as_str(), &args.name, &secrets, value, format)
}

fn list(of: &ApiKeyPlace, format: Format) -> Result<()> {
    let file = UserFile::read(&users_path(of)?).map_err(|error| failure(&error))?;
    let users = file.unwrap_or_default().users;
    let views: Vec<Value> = users.iter().map(view).collect();
    let rows: Vec<[String; 6]> = users.iter().map(row).collect();
    let titles = [
        "USER",
        "STATE",
        "SCOPES",
        "LEDGERS",
        "PASSKEYS",
        "RECOVERY CODES",
    ];
    format.print(&json!({ "users": views }), output::table(titles, &rows))
}

fn reset_password(args: &ConsoleUserPasswordArgs, format: Format) -> Result<()> {
    let path = users_path(&args.of)?;
    let password = password(&args.password)?;
    change(&path, |file| {
        file.reset_password(&args.name, &password, now_ms())
    })?;
    let text = format!("{} has another password; their sessions ended", args.name);
    format.print(&json!({ "name": args.name }), text)
}

fn reset_totp(args: &ConsoleUserNamed, format: Format) -> Result<()> {
    let path = users_path(&args.of)?;
    let secrets = change(&path, |file| file.reset_totp(&args.name, now_ms()))?;
    let value = json!({ "name": args.name });
    show_secrets(args.of.node.as_str(), &args.name, &secrets, value, format)
}

fn set_disabled(args: &ConsoleUserNamed, disabled: bool, format: Format) -> Result<()> {
    let path = users_path(&args.of)?;
    change(&path, |file| {
        file.set_disabled(&args.name, disabled, now_ms())
    })?;
    let text = match disabled {
        true => format!("{} is refused from now on; their sessions ended", args.name),
        false => format!("{} may sign in again", args.name),
    };
    format.print(&json!({ "name": args.name, "disabled": disabled }), text)
}

fn remove(args: &ConsoleUserNamed, format: Format) -> Result<()> {
    let path = users_path(&args.of)?;
    change(&path, |file| file.remove(&args.name))?;
    let text = format!("{} is forgotten; their sessions ended", args.name);
    format.print(&json!({ "name": args.name }), text)
}

/// Everything that is shown this once.
fn show_secrets(
    organisation: &str,
    name: &str,
    secrets: &Secrets,
    mut value: Value,
    format: Format,
) -> Result<()> {
    let uri = secrets.totp.uri(&format!("Blockworm {organisation}"), name);
    let codes: Vec<&str> = secrets.recovery.iter().map(|code| code.as_str()).collect();
    value["totp_uri"] = json!(*uri);
    value["recovery_codes"] = json!(codes);
    let code = if io::stdout().is_terminal() {
        qr_code(&uri)
    } else {
        String::new()
    };
    let text = format!(
        "{code}For the authenticator app of {name}:\n{}\n\nRecovery codes, each once instead of the app's:\n{}\n\nAll this is shown once. Hand it to {name} so that nobody else reads it.",
        *uri,
        codes.join("\n")
    );
    format.print(&value, text)
}

/// Two modules of the code in each character, dark on light whatever the terminal's colours.
fn qr_code(text: &str) -> String {
    let Ok(code) = QrCode::encode_text(text, QrCodeEcc::Low) else {
        return String::new();
    };
    let (border, size) = (2, code.size());
    let mut drawn = String::new();
    for y in (-border..size + border).step_by(2) {
        drawn.push_str("\u{1b}[30;107m");
        for x in -border..size + border {
            drawn.push(match (code.get_module(x, y), code.get_module(x, y + 1)) {
                (true, true) => '\u{2588}',
                (true, false) => '\u{2580}',
                (false, true) => '\u{2584}',
                (false, false) => ' ',
            });
        }
        drawn.push_str("\u{1b}[0m\n");
    }
    drawn.push('\n');
    drawn
}

/// From the file, or asked for twice.
fn password(source: &PasswordSource) -> Result<Zeroizing<String>> {
    match &source.password_file {
        Some(path) => read_password(path),
        None => prompt::new_secret("Password").map_err(|error| {
            Failure::of("password.unreadable", &error)
                .next("run it in a terminal, or give --password-file FILE")
        }),
    }
}

fn read_password(path: &Path) -> Result<Zeroizing<String>> {
    let unusable = |what: String| {
        Failure::new("password.unreadable", format!("{}: {what}", path.display()))
            .next("give a file with the password alone and mode 600")
    };
    let metadata = fs::metadata(path).map_err(|error| unusable(error.to_string()))?;
    if metadata.mode() & 0o077 != 0 {
        return Err(unusable("others may read it".into()));
    }
    if metadata.len() > LONGEST_PASSWORD as u64 + 2 {
        return Err(unusable(format!(
            "it has more than {LONGEST_PASSWORD} bytes"
        )));
    }
    let text = fs::read_to_string(path).map_err(|error| unusable(error.to_string()))?;
    let text = Zeroizing::new(text);
    Ok(Zeroizing::new(
        text.trim_end_matches(['\r', '\n']).to_owned(),
    ))
}

/// Where the node of the folder keeps its users, as its node.toml says.
fn users_path(of: &ApiKeyPlace) -> Result<PathBuf> {
    node_file(of).map(|file| file.console_users_file)
}

fn change<T>(
    path: &Path,
    change: impl FnOnce(&mut UserFile) -> std::result::Result<T, UsersError>,
) -> Result<T> {
    UserFile::change(path, change).map_err(|error| failure(&error))
}

fn state(user: &UserRecord) -> &'static str {
    if user.disabled { "disabled" } else { "good" }
}

fn scopes(user: &UserRecord) -> Vec<&'static str> {
    user.scopes.iter().map(|scope| scope.as_str()).collect()
}

/// Everything about a person but what lets them in.
fn view(user: &UserRecord) -> Value {
    let passkeys = user.passkeys.iter().map(|key| {
        json!({
            "label": key.label,
            "site": key.site,
            "created_at_ms": key.created_at_ms,
            "used_at_ms": key.used_at_ms,
        })
    });
    json!({
        "name": user.name,
        "state": state(user),
        "scopes": scopes(user),
        "ledgers": user.ledgers,
        "passkeys": passkeys.collect::<Vec<_>>(),
        "recovery_codes_left": user.recovery.len(),
        "created_at_ms": user.created_at_ms,
        "changed_at_ms": user.changed_at_ms,
    })
}

fn row(user: &UserRecord) -> [String; 6] {
    let ledgers = match user.ledgers.is_empty() {
        true => "all".to_owned(),
        false => user.ledgers.join(", "),
    };
    [
        user.name.clone(),
        state(user).to_owned(),
        scopes(user).join(", "),
        ledgers,
        user.passkeys.len().to_string(),
        user.recovery.len().to_string(),
    ]
}

fn failure(error: &UsersError) -> Failure {
    match error {
        UsersError::File(inner) => private_file_failure(
            "users",
            inner,
            "restore the file, or remove it and add the people anew",
        ),
        UsersError::Write(_) => Failure::of("users.io", error).next(LOOK_AT_THE_FOLDER),
        UsersError::BadUser(_) => {
            Failure::of("user.bad", error).next("blockworm console-user add --help")
        }
        UsersError::NameTaken { .. } => {
            Failure::of("user.name_taken", error).next("choose another name")
        }
        UsersError::Unknown { .. } => {
            Failure::of("user.unknown", error).next("blockworm console-user list")
        }
        UsersError::TooMany => {
            Failure::of("users.too_many", error).next("blockworm console-user remove NAME")
        }
        UsersError::Hashing => Failure::of("system.memory", error).next("free 64 MiB of memory"),
        UsersError::NoRandomness => Failure::of("system.random", error),
    }
}
