"use strict";
const $ = (id) => document.getElementById(id);
const words = JSON.parse($("words").textContent);
const decode = (id) => Uint8Array.from(atob($(id).textContent.trim()), (letter) => letter.charCodeAt(0));
let language = (navigator.language || "zh").toLowerCase().startsWith("zh") ? "zh" : "en";
let last = null;

const say = (key) => words[key]?.[language] ?? key;
const element = (name, text, kind) => {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (kind) made.className = kind;
  return made;
};

function translate() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  document.title = say("title");
  for (const node of document.querySelectorAll("[data-say]")) node.textContent = say(node.dataset.say);
  $("language").textContent = say("other");
  if (last) show(last);
}

const text = async (id) => {
  const [file] = $(id).files;
  return file ? await file.text() : null;
};

async function check(event) {
  event.preventDefault();
  const [file] = $("package").files;
  if (!file) return show({ error: say("choose") });
  const request = {
    genesis: (await text("genesis-file")) ?? ($("genesis").value.trim() || null),
    policy: await text("policy"),
    tsa_roots: await Promise.all([...$("roots").files].map((root) => root.text())),
  };
  $("check").disabled = true;
  $("report").replaceChildren(element("p", say("working")));
  const address = URL.createObjectURL(new Blob([new TextDecoder().decode(decode("worker"))], { type: "text/javascript" }));
  const worker = new Worker(address);
  const done = (answer) => {
    worker.terminate();
    URL.revokeObjectURL(address);
    $("check").disabled = false;
    show(answer);
  };
  worker.onmessage = ({ data }) => done(data);
  worker.onerror = (event) => done({ error: event.message || say("failed") });
  worker.postMessage({ module: decode("module"), request, file });
}

function conclusion(report) {
  const list = element("dl");
  const line = (key, value) => list.append(element("dt", say(key)), element("dd", value));
  const time = (ms) => `${new Date(ms).toISOString()} (${ms} ms)`;
  if (report.matter) line("matter", report.matter);
  line("ledger", report.ledger ?? "–");
  line("genesis-digest", report.genesis_digest ?? "–");
  if (report.certified_height !== undefined) {
    line("certified", `${report.certified_height}, ${time(report.certified_time_ms)}: ${report.signers.join(", ")}`);
  }
  if (report.earliest_outside_time) {
    const { time_ms, authority, root, checkpoint } = report.earliest_outside_time;
    line("time", `${time(time_ms)}; ${authority}; ${root}; ${checkpoint}`);
  } else if (report.format) {
    line("time", say("no-time"));
  }
  return list;
}

function show(report) {
  last = report;
  const target = $("report");
  if (report.error) {
    const failed = element("p", `${say("error")} ${report.error}`, "verdict broken");
    failed.id = "verdict";
    return target.replaceChildren(failed);
  }
  const verdict = element("p", say(report.outcome), `verdict ${report.outcome}`);
  verdict.id = "verdict";
  verdict.dataset.outcome = report.outcome;
  const table = element("table");
  const head = element("tr");
  for (const key of ["verdict", "check-name", "reason"]) head.append(element("th", say(key)));
  const body = element("tbody");
  const order = { fail: 0, unpinned: 1, unchecked: 2, pass: 3 };
  const sorted = [...report.checks].sort((one, other) => order[one.verdict] - order[other.verdict]);
  for (const { name, verdict: found, reason } of sorted) {
    const row = element("tr", undefined, found);
    row.dataset.check = name;
    row.append(element("td", say(found)), element("td", name), element("td", reason));
    body.append(row);
  }
  const header = element("thead");
  header.append(head);
  table.append(header, body);
  const wide = element("div", undefined, "wide");
  wide.append(table);
  target.replaceChildren(verdict, conclusion(report), wide);
}

$("form").addEventListener("submit", check);
$("language").addEventListener("click", () => {
  language = language === "zh" ? "en" : "zh";
  translate();
});
translate();
