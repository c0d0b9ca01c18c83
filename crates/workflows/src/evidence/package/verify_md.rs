//! `VERIFY.md`: how to check this very package with a shell, `sha256sum` and `openssl`, in Chinese and English.

use super::{
    collect::Collected,
    facts::{Facts, TimeFact, moment},
    index::record_offset,
    placing::Placed,
};
use std::fmt::Write as _;

/// The functions that all steps use.
const FUNCTIONS: &str = include_str!("verify_functions.sh");
/// Where the commands for checkpoints are documented; they are given as they stand there.
const CHECKPOINT: &str = include_str!("../../../../../docs/formats/checkpoint.md");
/// How far clocks may differ when lists of revocations are judged.
const TOLERANCE_S: u64 = 60;

/// What the guide is about.
pub struct Guide<'a> {
    /// What was collected.
    pub collected: &'a Collected,
    /// What follows from it.
    pub facts: &'a Facts,
    /// Where everything lies in the package.
    pub placed: &'a Placed,
    /// When the package was made.
    pub exported_ms: u64,
}

/// The whole text.
#[must_use]
pub fn text(guide: &Guide<'_>) -> String {
    let mut text = String::new();
    let steps = [
        functions(),
        bag(),
        originals(guide),
        links(guide),
        transactions(guide),
        checkpoints(guide),
        times(guide),
        certificates(guide),
        seal_and_report(guide),
        verifier(),
    ];
    introduce(guide, &mut text);
    for (number, step) in steps.iter().enumerate() {
        // Writing to a string never fails.
        let _ = write!(text, "\n## {number}. {}\n{}\n\n", step.title, step.text);
        let _ = write!(text, "```sh\n{}\n```\n", step.commands.trim_end());
    }
    text
}

struct Step {
    title: String,
    text: String,
    commands: String,
}

impl Step {
    fn new(title: &str, text: &str, commands: String) -> Self {
        Self {
            title: title.to_owned(),
            text: text.to_owned(),
            commands,
        }
    }
}

fn introduce(guide: &Guide<'_>, text: &mut String) {
    let matter = &guide.collected.matter.row.id;
    let _ = write!(
        text,
        "# 如何核验证据包 {matter} · How to verify the evidence package {matter}\n\n\
        解压后在本文件夹的上一级（含 `bagit.txt` 的文件夹）打开 bash,依次执行下列命令；全部命令均离线，只需 `sha256sum`、`openssl`(3.0 以上)与常见命令。\
        任何一步不符即停止并显示 `FAILED`。命令中的数值取自 `data/matter.json`,请对照。\n\n\
        Unzip, open bash in the folder that holds `bagit.txt` (the one above this file) and run the commands in order. All of them are \
        offline and need only `sha256sum`, `openssl` (3.0 or later) and usual commands. The first that does not hold stops with `FAILED`. \
        The values in them are those of `data/matter.json`: compare.\n\n\
        本文件随包而来：运行之前请通读，或改用公开文档（docs/formats/evidence-package.md、checkpoint.md）中的命令与核验程序。\n\n\
        This file came with the package: read it before you run it, or use the verifier and the commands of the public documents \
        (docs/formats/evidence-package.md, checkpoint.md).\n\n\
        须从本包之外取得并核对 · Get these from elsewhere than this package and compare:\n\n\
        - 创世摘要 genesis digest: `{}`\n\
        - 会签密钥与规则（下列第 5 步）· the cosigners' keys and the policy (step 5 below)\n\
        - 时间戳机构的根证书（第 6 步）· the timestamp authorities' roots (step 6)\n\
        - 各机构的根证书（第 7 步）· the organisations' roots (step 7)\n",
        guide.collected.genesis.digest()
    );
}

fn functions() -> Step {
    let mut commands = FUNCTIONS.to_owned();
    for name in ["cosignature.sh", "history.sh"] {
        let _ = write!(
            commands,
            "\ncat > \"$work/{name}\" <<'END'\n{}END\n",
            documented(name)
        );
    }
    Step::new(
        "准备 · Preparation",
        "后面各步使用的函数。\nFunctions that the other steps use.",
        commands,
    )
}

/// Commands of the format's document, from the comment that names them.
fn documented(name: &str) -> &'static str {
    let begin = format!("```sh\n# {name}\n");
    let found = CHECKPOINT
        .split_once(&begin)
        .and_then(|(_, rest)| rest.split_once("```"));
    found.map_or("", |(commands, _)| commands)
}

fn bag() -> Step {
    let commands = "sha256sum --quiet --check manifest-sha256.txt || fail \"a file was changed\"\n\
        sha256sum --quiet --check tagmanifest-sha256.txt || fail \"a tag file was changed\"\n\
        diff <(find data -type f | LC_ALL=C sort) <(cut -c 67- manifest-sha256.txt | LC_ALL=C sort) || fail \"an unlisted file\"\n\
        echo \"every file is as listed\"\n";
    Step::new(
        "文件完整 · Every file is as listed",
        "每个文件的 SHA-256 与清单一致，且没有未列出的文件（RFC 8493）。\nEach file has its listed SHA-256, and no file is unlisted (RFC 8493).",
        commands.to_owned(),
    )
}

fn originals(guide: &Guide<'_>) -> Step {
    let mut commands = String::new();
    for opened in &guide.placed.openings {
        let (what, file) = (opened.what, quoted(&opened.file));
        let (salt, commitment) = (hex(&opened.salt), &opened.commitment);
        let _ = writeln!(
            commands,
            "[ \"$(commitment {what} {file} {salt})\" = {commitment} ] || fail {file}"
        );
    }
    let _ = writeln!(
        commands,
        "echo \"{} files open their commitments\"",
        guide.placed.openings.len()
    );
    Step::new(
        "原件与承诺 · Files and their commitments",
        "承诺 = SHA-256(`blockworm/evidence/`种类 ‖ 00 ‖ 盐 ‖ SHA-256(文件))。加密的原件须先解密。\n\
        commitment = SHA-256(`blockworm/evidence/` kind ‖ 00 ‖ salt ‖ SHA-256(file)). An encrypted original is to be decrypted first.",
        commands,
    )
}

fn links(guide: &Guide<'_>) -> Step {
    let mut commands = format!("link={}\n", blockworm_evidence::chain::START);
    let matter = &guide.collected.matter.row.id;
    for entry in guide.collected.entries.iter().map(|one| &one.row) {
        let _ = writeln!(
            commands,
            "link=$(printf '%s\\n' {} \"$link\" {matter} {} {} {} {} {} {} {} {} {} | sha); [ \"$link\" = {} ] || fail \"link {}\"",
            blockworm_evidence::chain::DOMAIN,
            entry.number,
            entry.phase,
            entry.kind,
            entry.commitment,
            entry.size,
            entry.capture,
            entry.method,
            entry.captured_ms,
            entry.by,
            entry.link,
            entry.number,
        );
    }
    let _ = writeln!(
        commands,
        "[ \"$link\" = {} ] || fail \"the matter's head\"",
        guide.collected.matter.row.head
    );
    commands.push_str("echo \"the entries are one chain\"\n");
    Step::new(
        "链接 · The chain of entries",
        "每项存证的链接含前一项的链接，缺一项或改一项都会断开。\nEach entry's link holds the one before; one that is missing or changed breaks it.",
        commands,
    )
}

fn transactions(guide: &Guide<'_>) -> Step {
    let mut commands = String::new();
    for (id, place) in &guide.placed.transactions {
        let Some(history) = guide.placed.history(place.height) else {
            let _ = writeln!(
                commands,
                "# {}: no checkpoint covers block {} yet",
                place.file, place.height
            );
            continue;
        };
        let _ = writeln!(commands, "transaction {} {id} {history}", place.file);
        for word in &place.says {
            let _ = writeln!(
                commands,
                "grep -q '{word}' {} || fail \"{} says something else\"",
                place.file, place.file
            );
        }
    }
    let _ = writeln!(
        commands,
        "echo \"{} transactions are signed and in their blocks\"",
        guide.placed.transactions.len()
    );
    Step::new(
        "交易 · Transactions",
        "由各字段重建交易，验证成员签名，并沿默克尔路径到达区块头；交易含所存承诺。\n\
        Each transaction is rebuilt from its fields, its member's signature checked, its Merkle path followed to the block's header; it holds the commitment.",
        commands,
    )
}

fn checkpoints(guide: &Guide<'_>) -> Step {
    let mut commands = String::new();
    for (size, covering) in &guide.collected.checkpoints {
        let note = format!("data/checkpoints/{size}/checkpoint.txt");
        for height in covering.history.keys() {
            let _ = writeln!(
                commands,
                "bash \"$work/history.sh\" {note} data/checkpoints/{size}/history-{height}.json || fail \"block {height}\""
            );
        }
        for cosigner in &covering.checkpoint.cosigners {
            let _ = writeln!(
                commands,
                "bash \"$work/cosignature.sh\" {note} '{}' || fail \"{}\"",
                cosigner.vkey, cosigner.name
            );
        }
    }
    Step::new(
        "检查点与会签 · Checkpoints and cosignatures",
        "区块头在历史树中；各机构用共识之外的密钥会签树根。会签密钥须与您从别处得到的规则文件一致。\n\
        Headers are in the history tree, whose root each organisation cosigned with a key apart from consensus. Compare the keys with the policy file that you got elsewhere.",
        if commands.is_empty() {
            "echo \"no checkpoint is in this package\"\n".to_owned()
        } else {
            commands
        },
    )
}

fn times(guide: &Guide<'_>) -> Step {
    let mut commands = String::new();
    for time in &guide.facts.times {
        time_commands(guide, time, &mut commands);
    }
    Step::new(
        "时间戳 · Timestamps",
        "RFC 3161 时间戳覆盖检查点正文（前三行）。根证书须从别处取得；由节点运营者自办的机构不算外部时间。\n\
        RFC 3161 tokens are over a checkpoint's body (its first three lines). Get the roots elsewhere; an authority that an operator of a node runs is no outside time.",
        if commands.is_empty() {
            "echo \"no timestamp is in this package\"\n".to_owned()
        } else {
            commands
        },
    )
}

fn time_commands(guide: &Guide<'_>, time: &TimeFact, commands: &mut String) {
    let folder = format!("data/checkpoints/{}", time.size);
    let at = time.time_ms / 1000 + 1;
    let Some(root) = guide.placed.tsa_root(time) else {
        let _ = writeln!(
            commands,
            "# {folder}/token.tsr: get the authority's root and verify with -CAfile"
        );
        return;
    };
    let untrusted = guide.placed.tsa_chain(time.size);
    let untrusted = untrusted
        .map(|file| format!(" -untrusted {file}"))
        .unwrap_or_default();
    let _ = writeln!(
        commands,
        "head -n 3 {folder}/checkpoint.txt > \"$work/body\""
    );
    let verify = |token: &str| {
        format!(
            "openssl ts -verify -data \"$work/body\" -in {token} -token_in -CAfile {root}{untrusted} -attime {at} || fail \"{folder}\""
        )
    };
    let _ = writeln!(commands, "{}", verify(&format!("{folder}/token.tsr")));
    let _ = writeln!(
        commands,
        "echo \"{} {}\"",
        moment(time.time_ms),
        time.authority.replace('"', " ")
    );
    let covering = guide.collected.checkpoints.get(&time.size);
    let stamp = covering.and_then(|one| one.stamp.as_ref());
    let placed = stamp.and_then(|stamp| record_offset(stamp.record.as_deref()?, &stamp.token));
    if let Some((offset, length)) = placed {
        let _ = writeln!(
            commands,
            "tail -c +{} {folder}/record.ers | head -c {length} > \"$work/first.tsr\"",
            offset + 1
        );
        let _ = writeln!(commands, "{}", verify("\"$work/first.tsr\""));
    }
}

fn certificates(guide: &Guide<'_>) -> Step {
    let at = guide.exported_ms / 1000 + TOLERANCE_S;
    let mut commands = String::new();
    for slug in guide.collected.revocations.keys() {
        let _ = writeln!(
            commands,
            "openssl crl -inform DER -in data/revocation/{slug}.crl -out \"$work/{slug}.crl\""
        );
    }
    for (file, slug) in &guide.placed.chains {
        let listed = guide.collected.revocations.contains_key(slug);
        let list = if listed {
            format!(" -crl_check -CRLfile \"$work/{slug}.crl\"")
        } else {
            String::new()
        };
        let expected = guide.placed.revoked.contains(file);
        let verify = format!(
            "openssl verify -x509_strict -attime {at} -CAfile data/certificates/{slug}-root.pem -untrusted {file}{list} {file}"
        );
        let _ = match expected {
            true => writeln!(
                commands,
                "{verify} && fail \"{file} was revoked\" || echo \"{file} is revoked, as matter.json says\""
            ),
            false => writeln!(commands, "{verify} || fail \"{file}\""),
        };
    }
    Step::new(
        "证书与吊销列表 · Certificates and lists of revocations",
        "各证书通向其机构的根证书；有吊销列表的一并核对。\nEach certificate leads to its organisation's root; where there is a list of revocations it is asked.",
        commands,
    )
}

fn seal_and_report(guide: &Guide<'_>) -> Step {
    let at = guide.exported_ms / 1000 + TOLERANCE_S;
    let commands = format!(
        "if [ -f seal.p7s ]; then\n  cat data/certificates/*-root.pem > \"$work/roots.pem\"\n  \
        openssl cms -verify -cades -binary -inform DER -in seal.p7s -content manifest-sha256.txt -CAfile \"$work/roots.pem\" -purpose any -attime {at} -out /dev/null || fail \"the seal\"\n\
        else\n  echo \"the package is not sealed\"\nfi\n\
        if grep -qa ETSI.CAdES.detached data/report.pdf && command -v pyhanko > /dev/null; then\n  \
        for root in data/certificates/*-root.pem; do trust=\"${{trust:-}} --trust $root\"; done\n  \
        pyhanko sign validate --pretty-print --trust-replace $trust data/report.pdf || fail \"the report\"\n\
        else\n  echo \"the report is not signed, or there is no pyhanko to check it\"\nfi\n"
    );
    Step::new(
        "封签与报告 · Seal and report",
        "`seal.p7s` 是公证处或法院对清单的 CAdES 签名；报告 PDF 的 PAdES 签名可用 pyHanko 或常见阅读器核验。\n\
        `seal.p7s` is a notary's or a court's CAdES signature over the manifest; the report's PAdES signature is checked by pyHanko or usual readers.",
        commands,
    )
}

fn verifier() -> Step {
    let commands = "if [ -n \"${GENESIS:-}\" ] && command -v blockworm-verify > /dev/null; then\n  \
        blockworm-verify \"$PWD\" --genesis \"$GENESIS\" ${POLICY:+--policy \"$POLICY\"} || fail \"blockworm-verify\"\n\
        else\n  echo \"set GENESIS (a file or 64 hex digits) and POLICY (a file) and install blockworm-verify for all checks\"\nfi\n\
        rm -rf \"$work\"; echo \"everything that was checked holds\"\n";
    Step::new(
        "全部检查 · All checks at once",
        "`blockworm-verify` 另核验状态证明、共识签名、角色与会签规则，逐项列出结果。\n\
        `blockworm-verify` checks besides the proof of the rows, the consensus signatures, roles and the policy, and lists each check.",
        commands.to_owned(),
    )
}

fn hex(bytes: &[u8]) -> String {
    hex::encode(bytes)
}

/// A path for the shell.
fn quoted(path: &str) -> String {
    format!("'{}'", path.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documents_commands_are_there() {
        for name in ["cosignature.sh", "history.sh"] {
            assert!(documented(name).contains("set -eu"), "{name}");
        }
        assert_eq!(quoted("a'b"), "'a'\\''b'");
    }
}
