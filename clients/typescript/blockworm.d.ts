// Types of Blockworm's HTTP API, made from docs/openapi.json by a test; do not edit.
// BLOCKWORM_BLESS=1 cargo test -p blockworm-api --test typescript_types_are_committed

/** A detail of an event. */
export interface AttributeView {
  /** The detail's name. */
  key: string;
  /** Its value. */
  value: string;
}

/** The answer to a batch: one outcome per transaction, in the order sent. */
export interface BatchAnswer {
  /** In the order sent. */
  outcomes: Array<Outcome>;
}

/** A transaction as a line of its block. */
export interface BlockLine {
  /** `ok` or a refusal code. */
  code: string;
  /** Which contract was asked. */
  contract: string;
  /** The transaction's id. */
  id: string;
  /** Who asked. */
  sender: string;
}

/** A block in a list. */
export interface BlockSummary {
  /** Digest of its header. */
  digest: string;
  /** Its height. */
  height: number;
  /** Block time. */
  time_ms: number;
  /** How many transactions it holds. */
  transactions: number;
}

/** A block. */
export interface BlockView {
  /** The header. */
  header: HeaderView;
  /** Bytes of its transactions. */
  transaction_bytes: number;
  /** How many transactions it holds; `…/blocks/HEIGHT/transactions` lists them. */
  transaction_count: number;
}

/** A year of a calendar by which days count as business days. */
export interface CalendarView {
  /** The calendar; debts fall due by `settlement`. */
  calendar: string;
  /** Days that are no business days. */
  holidays: Array<string>;
  /** Saturdays and Sundays that are. */
  workdays: Array<string>;
  /** The year. */
  year: number;
}

/** A certificate of the organisation's folder. */
export interface CertificateView {
  /** The file's name without `.cert.pem`. */
  file: string;
  /** A member's functions. */
  functions: Array<string>;
  /** A TLS server's hosts. */
  hosts: Array<string>;
  /** The certified key. */
  key: string;
  /** The name in the certificate. */
  name: string;
  /** When it ends. */
  not_after_ms: number;
  /** When it begins to count, milliseconds since 1970. */
  not_before_ms: number;
  /** Whose. */
  organisation: string;
  /** `member`, `node`, `tls-server`, `document-signing`, `timestamping` or `authority`. */
  profile: string;
  /** Seconds until then; negative afterwards. */
  seconds_left: number;
  /** The serial number, hex. */
  serial: string;
  /** `valid`, `ending` (less than a third of its life left), `not_yet_valid`, `expired`, `revoked`. */
  state: string;
}

/** All certificates, the soonest to end first. */
export interface CertificatesView {
  /** They. */
  certificates: Array<CertificateView>;
}

/** A certificate that was just issued. */
export interface CertifiedView {
  /** The certificate's chain, DER, Base64. */
  certificate: string;
  /** The ledgers for which a proof of possession is wanted. */
  ledgers: Array<string>;
  /** The root that it leads to, DER, Base64. */
  root: string;
}

/** A checkpoint with everybody who cosigned it, as far as the node knows (docs/formats/checkpoint.md). */
export interface CheckpointView {
  /** Who cosigned, in the order of the note's lines. */
  cosigners: Array<CosignerView>;
  /** The note: what is to be kept, and what openssl checks. */
  note: string;
  /** The root over them. */
  root: string;
  /** How many headers: those of the heights below it. */
  size: number;
  /** Time of the last block in it. */
  time_ms: number;
}

/** A contract of a ledger. */
export interface ContractView {
  /** The code that it runs: `name@version`. */
  code: string;
  /** Its number: the first four bytes of its state keys. */
  id: number;
  /** Its name, also its address. */
  name: string;
}

/** Who cosigned a checkpoint. The node checked the signature and the certificate. */
export interface CosignerView {
  /** Its certificate and those between it and the organisation's root, PEM. */
  chain_pem: string;
  /** The name on the line: `blockworm/<organisation>`. */
  name: string;
  /** Whose node it is. */
  organisation: string;
  /** When it signed, seconds since 1970, by its own clock. */
  time_s: number;
  /** The key, as policies name it. */
  vkey: string;
}

/** One thing that a proposal would change. */
export interface DifferenceView {
  /** As the change makes it. */
  after: string;
  /** As it was when the change was proposed. */
  before: string;
  /** Which thing. */
  what: string;
}

/** A token with a request for a certificate. */
export interface EnrolmentQuestion {
  /** PKCS#10, DER, Base64. */
  request: string;
  /** As `blockworm enrolment token` printed it. */
  token: string;
}

/** A key holder's answer: the elements in the question's order, and one proof for all. */
export interface EvaluationAnswer {
  /** One for each blinded element. */
  elements: Array<string>;
  /** That all were made with that key, 128 hex digits. */
  proof: string;
  /** The version of the key that was used. */
  version: number;
}

/** A question to a key holder (docs/formats/evaluation.md); nothing in it tells of a document. */
export interface EvaluationQuestion {
  /** The asker's clock. */
  asked_at_ms: number;
  /** The bank's member who asks, `organisation/name`. */
  asker: string;
  /** Blinded elements of ristretto255. */
  elements: Array<string>;
  /** The organisation whose key it is. */
  holder: string;
  /** The id of the registry's ledger. */
  ledger: string;
  /** 16 random bytes. */
  nonce: string;
  /** Which version of the key, counted from 1. */
  version: number;
}

/** What a contract told the world. */
export interface EventView {
  /** Details, in the order given by the contract. */
  attributes: Array<AttributeView>;
  /** The contract that speaks. */
  contract: string;
  /** The thing it happened to. */
  subject: string;
  /** What happened: `financed`, `transferred`. */
  type: string;
}

/** A block's header (docs/formats/block.md). */
export interface HeaderView {
  /** SHA-256 of the encoded header: what validators vote on. */
  digest: string;
  /** 0 for the genesis header. */
  height: number;
  /** Root over the digests of all earlier headers. */
  history_root: string;
  /** The ledger's id. */
  ledger: string;
  /** Digest of the validator set of the next block. */
  next_validators: string;
  /** Digest of the header before. */
  parent: string;
  /** Version of the execution rules. */
  protocol_version: number;
  /** Root over the receipts of the block `root_lag` before. */
  receipts_root: string;
  /** State root after the block `root_lag` before. */
  state_root: string;
  /** Block time. */
  time_ms: number;
  /** Root over this block's transactions. */
  transactions_root: string;
  /** Version of the layout. */
  version: number;
}

/** Why a ledger is not well, or may soon not be. */
export interface HealthReason {
  /** `network.<what>`, such as `network.no_margin`. */
  code: string;
  /** What was seen. */
  detail: string;
  /** How bad this alone is: `degraded` or `failed`. */
  health: string;
  /** What to do. */
  next: string;
}

/** Health of a node. */
export interface HealthView {
  /** `live`, `ready` or `catching_up`. */
  status: string;
}

/** A header and the proof that it stands in the history tree of a size. */
export interface HistoryView {
  /** The header. */
  header: HeaderView;
  /** Its place in the tree. */
  inclusion: InclusionView;
}

/** A leaf's place in a tree (docs/formats/merkle.md). */
export interface InclusionView {
  /** The leaf, from 0: the header's height. */
  index: number;
  /** Sibling hashes from the leaf upwards. */
  path: Array<string>;
  /** How many leaves. */
  size: number;
}

/** How a ledger is doing on this node. */
export interface LedgerView {
  /** True while this node is behind the others. */
  catching_up: boolean;
  /** How many of the others that vote are connected. */
  connected_peers: number;
  /** The epoch of the next block: the validators change only between epochs. */
  epoch: number;
  /** SHA-256 of the genesis: what proofs are pinned to. */
  genesis_digest: string;
  /** The last durable height. */
  height: number;
  /** The ledger's id: 32 hex digits. */
  id: string;
  /** Their bytes. */
  mempool_bytes: number;
  /** Transactions waiting on this node. */
  mempool_transactions: number;
  /** Its name for people. */
  name: string;
  /** State root after the last durable block. */
  state_root: string;
  /** Time of the last durable block. */
  time_ms: number;
  /** The highest final height that this node has heard of. */
  tip: number;
  /** How many nodes vote. */
  validators: number;
  /** Whether this node votes in it; else it watches. */
  votes: boolean;
}

/** A member of an organisation. */
export interface MemberView {
  /** What its organisation lets it do. */
  functions: Array<string>;
  /** `organisation/name`. */
  id: string;
  /** Its public key: `ed25519:<hex>` or `p256:<hex>`. */
  key: string;
  /** Block time until which its certificate is valid. */
  not_after_ms: number;
  /** The height of its registration; 0 for genesis. */
  registered_at: number;
  /** The height of its revocation, which counts from the next block. */
  revoked_at?: number | null;
}

/** A node and those of its ledgers that the caller may see. */
export interface NodeView {
  /** Its ledgers. */
  ledgers: Array<LedgerView>;
  /** The organisation that runs this node. */
  organisation: string;
  /** The program's version. */
  version: string;
}

/** An organisation of the consortium. */
export interface OrganisationView {
  /** Its root certificate, DER in base64. */
  ca_certificate: string;
  /** Its slug. */
  id: string;
  /** Its legal name. */
  name: string;
  /** The height at which it left the consortium for good. */
  removed_at?: number | null;
  /** The roles that the consortium granted it. */
  roles: Array<string>;
  /** The height from which it is suspended. */
  suspended_at?: number | null;
}

/** The answer to one transaction of a batch. */
export interface Outcome {
  /** The receipt's code (`ok` or a contract's refusal) or the node's refusal; empty while pending. */
  code?: string;
  /** The block that holds it; 0 unless committed. */
  height: number;
  /** Its place in the block. */
  index: number;
  /** The refusal in a sentence. */
  message?: string;
  /** How far it came. */
  status: Progress;
}

/** A page of a list. */
export interface Page_BlockLine {
  /** In the list's own order. */
  items: Array<{
    /** `ok` or a refusal code. */
    code: string;
    /** Which contract was asked. */
    contract: string;
    /** The transaction's id. */
    id: string;
    /** Who asked. */
    sender: string;
  }>;
  /** Give it as `cursor` to get the next page; null on the last page. */
  next?: string | null;
}

/** A page of a list. */
export interface Page_BlockSummary {
  /** In the list's own order. */
  items: Array<{
    /** Digest of its header. */
    digest: string;
    /** Its height. */
    height: number;
    /** Block time. */
    time_ms: number;
    /** How many transactions it holds. */
    transactions: number;
  }>;
  /** Give it as `cursor` to get the next page; null on the last page. */
  next?: string | null;
}

/** A page of a list. */
export interface Page_CalendarView {
  /** In the list's own order. */
  items: Array<{
    /** The calendar; debts fall due by `settlement`. */
    calendar: string;
    /** Days that are no business days. */
    holidays: Array<string>;
    /** Saturdays and Sundays that are. */
    workdays: Array<string>;
    /** The year. */
    year: number;
  }>;
  /** Give it as `cursor` to get the next page; null on the last page. */
  next?: string | null;
}

/** A page of a list. */
export interface Page_ContractView {
  /** In the list's own order. */
  items: Array<{
    /** The code that it runs: `name@version`. */
    code: string;
    /** Its number: the first four bytes of its state keys. */
    id: number;
    /** Its name, also its address. */
    name: string;
  }>;
  /** Give it as `cursor` to get the next page; null on the last page. */
  next?: string | null;
}

/** A page of a list. */
export interface Page_LedgerView {
  /** In the list's own order. */
  items: Array<{
    /** True while this node is behind the others. */
    catching_up: boolean;
    /** How many of the others that vote are connected. */
    connected_peers: number;
    /** The epoch of the next block: the validators change only between epochs. */
    epoch: number;
    /** SHA-256 of the genesis: what proofs are pinned to. */
    genesis_digest: string;
    /** The last durable height. */
    height: number;
    /** The ledger's id: 32 hex digits. */
    id: string;
    /** Their bytes. */
    mempool_bytes: number;
    /** Transactions waiting on this node. */
    mempool_transactions: number;
    /** Its name for people. */
    name: string;
    /** State root after the last durable block. */
    state_root: string;
    /** Time of the last durable block. */
    time_ms: number;
    /** The highest final height that this node has heard of. */
    tip: number;
    /** How many nodes vote. */
    validators: number;
    /** Whether this node votes in it; else it watches. */
    votes: boolean;
  }>;
  /** Give it as `cursor` to get the next page; null on the last page. */
  next?: string | null;
}

/** A page of a list. */
export interface Page_MemberView {
  /** In the list's own order. */
  items: Array<{
    /** What its organisation lets it do. */
    functions: Array<string>;
    /** `organisation/name`. */
    id: string;
    /** Its public key: `ed25519:<hex>` or `p256:<hex>`. */
    key: string;
    /** Block time until which its certificate is valid. */
    not_after_ms: number;
    /** The height of its registration; 0 for genesis. */
    registered_at: number;
    /** The height of its revocation, which counts from the next block. */
    revoked_at?: number | null;
  }>;
  /** Give it as `cursor` to get the next page; null on the last page. */
  next?: string | null;
}

/** A page of a list. */
export interface Page_OrganisationView {
  /** In the list's own order. */
  items: Array<{
    /** Its root certificate, DER in base64. */
    ca_certificate: string;
    /** Its slug. */
    id: string;
    /** Its legal name. */
    name: string;
    /** The height at which it left the consortium for good. */
    removed_at?: number | null;
    /** The roles that the consortium granted it. */
    roles: Array<string>;
    /** The height from which it is suspended. */
    suspended_at?: number | null;
  }>;
  /** Give it as `cursor` to get the next page; null on the last page. */
  next?: string | null;
}

/** A page of a list. */
export interface Page_ProposalView {
  /** In the list's own order. */
  items: Array<{
    /** The change, as the contract `proposals` takes it. */
    action: Record<string, unknown>;
    /** Approvals that count now. */
    approvals: number;
    /** The block that decided it. */
    decided_at?: number | null;
    /** What it would change, for people. */
    differences: Array<DifferenceView>;
    /** SHA-256 of the change's canonical bytes, which every vote names. */
    digest: string;
    /** Block time until which it may be voted on, milliseconds since 1970. */
    expires_at_ms: number;
    /** Approvals with which it is accepted. */
    needed: number;
    /** Its number on the ledger. */
    number: number;
    /** `open`, `accepted`, `rejected` or `expired`. */
    outcome: string;
    /** The block that proposed it. */
    proposed_at: number;
    /** Rejections that count now. */
    rejections: number;
    /** The votes, in order; the first is the proposer's. */
    votes: Array<VoteView>;
  }>;
  /** Give it as `cursor` to get the next page; null on the last page. */
  next?: string | null;
}

/** A page of a list. */
export interface Page_StampView {
  /** In the list's own order. */
  items: Array<{
    /** How far that time may be off, as the authority says. */
    accuracy_ms?: number | null;
    /** The subject of its certificate. */
    authority: string;
    /** The time of the last block that it covers. */
    block_ms: number;
    /** The hash function of the newest token. */
    hash: string;
    /** Until when the newest token's certificates hold. */
    holds_until_ms: number;
    /** How often it was renewed. */
    renewals: number;
    /** The subject of the pinned root. */
    root: string;
    /** The checkpoint's size. */
    size: number;
    /** The URL of the authority that made the first token. */
    source: string;
    /** The first token's time. */
    token_ms: number;
  }>;
  /** Give it as `cursor` to get the next page; null on the last page. */
  next?: string | null;
}

/** What the consortium decided about deciding. */
export interface PoliciesView {
  /** The block that archived the ledger; null while it takes transactions. */
  archived_at?: number | null;
  /** Act (`issue`, `attest`, `freeze`, `upgrade`) → the roles that may do it; null where each
   * contract has its own rule. */
  policies: Record<string, unknown>;
  /** Kind of change → `[n, d]`: more than n/d of the active organisations must approve. */
  thresholds: Record<string, unknown>;
}

/** A member's proofs that it holds its key. */
export interface PossessionQuestion {
  /** The certificate's chain, DER, Base64. */
  certificate: string;
  /** Ledger id → signature over SHA-256 of the chain in the namespace `blockworm/<id>/register`. */
  possession: Record<string, unknown>;
}

/** Proofs that were taken in. */
export interface PossessionsTaken {
  /** For how many ledgers. */
  ledgers: number;
}

/** An error answer (RFC 9457). Programs decide by `code`; people read `detail` and `next`. */
export interface Problem {
  /** Stable and machine-readable: `<area>.<snake_case>`. */
  code: string;
  /** What is wrong with this request, in a sentence. */
  detail: string;
  /** The path that was asked for. */
  instance?: string;
  /** What to do next; empty when there is nothing to add. */
  next: string;
  /** Also in the `x-request-id` header and the node's log. */
  request_id?: string;
  /** The HTTP status. */
  status: number;
  /** The HTTP status in words. */
  title: string;
  /** Always `about:blank`: `code` says which problem it is. */
  type: string;
}

/** How far a submitted transaction came. */
export type Progress = "committed" | "pending" | "refused";

/** A change that the consortium was asked for. */
export interface ProposalView {
  /** The change, as the contract `proposals` takes it. */
  action: Record<string, unknown>;
  /** Approvals that count now. */
  approvals: number;
  /** The block that decided it. */
  decided_at?: number | null;
  /** What it would change, for people. */
  differences: Array<DifferenceView>;
  /** SHA-256 of the change's canonical bytes, which every vote names. */
  digest: string;
  /** Block time until which it may be voted on, milliseconds since 1970. */
  expires_at_ms: number;
  /** Approvals with which it is accepted. */
  needed: number;
  /** Its number on the ledger. */
  number: number;
  /** `open`, `accepted`, `rejected` or `expired`. */
  outcome: string;
  /** The block that proposed it. */
  proposed_at: number;
  /** Rejections that count now. */
  rejections: number;
  /** The votes, in order; the first is the proposer's. */
  votes: Array<VoteView>;
}

/** The outcome of a committed transaction: final, and durable on this node. */
export interface ReceiptView {
  /** `ok`, or a stable refusal code such as `receivable.already_financed`. */
  code: string;
  /** The price in units of work. */
  cost: number;
  /** What the contract returned, hex; empty unless `ok`. */
  data: string;
  /** What happened; empty unless `ok`. */
  events: Array<EventView>;
  /** The block that holds it. */
  height: number;
  /** Its place in the block, from 0. */
  index: number;
  /** The refusal in a sentence; empty when `ok`. */
  message: string;
  /** The transaction's id. */
  transaction: string;
}

/** A member's request for its next certificate. */
export interface RenewalQuestion {
  /** The certificate that counts now: its chain, DER, Base64. */
  certificate: string;
  /** PKCS#10, DER, Base64; of the same key or of the next. */
  request: string;
  /** By the certified key over SHA-256 of `signed_at_ms` (8 bytes, big-endian) and the request's
   * DER, in the namespace `blockworm/identity/renewal`. */
  signature: string;
  /** Milliseconds since 1970; at most two minutes from the node's clock. */
  signed_at_ms: number;
}

/** The same with its asker's signature: `ed25519:<hex>` or `p256:<hex>`. */
export interface SignedQuestion {
  /** The question. */
  request: EvaluationQuestion;
  /** Over its digest, with the key that the ledger has for the asker. */
  signature: string;
}

/** An authority that gives no token. */
export interface StampFailure {
  /** The code of the last refusal. */
  code: string;
  /** In words. */
  detail: string;
  /** Since when none has. */
  since_ms: number;
}

/** A stamp in a list. */
export interface StampView {
  /** How far that time may be off, as the authority says. */
  accuracy_ms?: number | null;
  /** The subject of its certificate. */
  authority: string;
  /** The time of the last block that it covers. */
  block_ms: number;
  /** The hash function of the newest token. */
  hash: string;
  /** Until when the newest token's certificates hold. */
  holds_until_ms: number;
  /** How often it was renewed. */
  renewals: number;
  /** The subject of the pinned root. */
  root: string;
  /** The checkpoint's size. */
  size: number;
  /** The URL of the authority that made the first token. */
  source: string;
  /** The first token's time. */
  token_ms: number;
}

/** How the stamping of a ledger is doing on the node that answers, since it started. */
export interface StampingView {
  /** How far the authority's time lay off when it was last asked; positive where it is ahead. */
  drift_ms: number;
  /** Whether that is more than the limit of the settings. */
  drifting: boolean;
  failing?: StampFailure | null;
  /** Rounds in which no authority gave a token. */
  failures: number;
  /** Stamps whose certificate or hash ended before they were renewed. */
  lapsed: number;
  /** When it was stamped, by the token. */
  newest_ms?: number | null;
  /** The size of the newest stamped checkpoint. */
  newest_size?: number | null;
  /** Stamps that were renewed. */
  renewals: number;
  /** Whether this node stamps the ledger. */
  stamping: boolean;
  /** Stamps that were made. */
  stamps: number;
}

/** One contract's own key. */
export interface StateKey {
  /** The contract's name. */
  contract: string;
  /** The key, hex. */
  key: string;
}

/** Keys whose values are to be proved together. */
export interface StateQuestion {
  /** 1 to 512. */
  keys: Array<StateKey>;
}

/** A contract's value. */
export interface StateView {
  /** The contract. */
  contract: string;
  /** After which block. */
  height: number;
  /** The contract's own key, hex. */
  key: string;
  /** The value, hex; null when the key is absent. */
  value?: string | null;
}

/** An event in the stream, with where it stands. */
export interface StreamEvent {
  /** What happened. */
  event: EventView;
  /** The block. */
  height: number;
  /** The transaction's place in the block. */
  index: number;
  /** The event's place among the transaction's events. */
  position: number;
  /** The transaction's id. */
  transaction: string;
}

/** The answer to one submitted transaction. */
export interface Submitted {
  /** The transaction's id. */
  id: string;
  /** True when the node had it already: submitting again is harmless. */
  known: boolean;
  receipt?: ReceiptView | null;
  /** `committed` (HTTP 200) or `pending` (HTTP 202). */
  status: Progress;
}

/** A stamped checkpoint, with all that convinces a stranger of its time but the pinned root. */
export interface TimestampView {
  /** The note's body, three lines: the bytes that were stamped. */
  body: string;
  /** The evidence record (RFC 4998, DER), base64: the first token and its renewals. */
  evidence_record: string;
  /** The checkpoint as a C2SP note with the cosignatures that this node has. */
  note: string;
  /** The checkpoint's size: blocks below it are covered. */
  size: number;
  /** What a list says of it. */
  stamp: StampView;
  /** The first token (RFC 3161, ContentInfo DER), base64. */
  token: string;
  /** The newest token's authority up to the pinned root, PEM. */
  tsa_chain_pem: string;
}

/** A node of a ledger, as the answering node sees it. */
export interface TopologyNode {
  /** Where it listens, if a vote admitted it; founders' addresses are in the nodes' settings alone. */
  address?: string | null;
  /** How long ago it was last heard; null since the answering node started. */
  heard_ago_ms?: number | null;
  /** At least that high it stands: the highest block that it was heard to vote for. */
  height?: number | null;
  /** Its consensus key. */
  key: string;
  /** Blocks from there to the highest that the answering node knows of. */
  lag_blocks?: number | null;
  /** Block time from there to the answering node's newest block. */
  lag_ms?: number | null;
  /** Whose node. */
  organisation: string;
  /** Whether it was heard lately; null for others that watch, of whom no vote tells. */
  reachable?: boolean | null;
  /** `votes` or `watches`. */
  role: string;
  /** True for the node that answers. */
  this_node: boolean;
}

/** A ledger's nodes and how well it is doing, as one of its nodes sees it. */
export interface TopologyView {
  /** `ok`, `degraded` or `failed`: the worst of the reasons. */
  health: string;
  /** The last durable height of the answering node. */
  height: number;
  /** The ledger's id. */
  ledger: string;
  /** How many more may go away before the ledger stands still; negative while it does. */
  margin: number;
  /** Its name for people. */
  name: string;
  /** Those who vote, ordered by key, then those who watch. */
  nodes: Array<TopologyNode>;
  /** The answering node's clock. */
  now_ms: number;
  /** How many of them must vote for a block. */
  quorum: number;
  /** How many of them are there, the answering node among them if it votes. */
  reachable: number;
  /** Why; empty when `ok`. */
  reasons: Array<HealthReason>;
  /** Time of its last durable block. */
  time_ms: number;
  /** The highest final height that it has heard of. */
  tip: number;
  /** How many may be away or lie without harm. */
  tolerated: number;
  /** How many vote. */
  validators: number;
}

/** A committed transaction. */
export interface TransactionView {
  /** The block that holds it. */
  height: number;
  /** SHA-256 of the signed part. */
  id: string;
  /** Its place in the block, from 0. */
  index: number;
  /** What became of it. */
  receipt: ReceiptView;
  /** The transaction in its JSON form, as it can be submitted. */
  transaction: Record<string, unknown>;
}

/** An organisation's vote. */
export interface VoteView {
  /** Yes or no. */
  approve: boolean;
  /** In which block. */
  height: number;
  /** The admin who cast it. */
  member: string;
  /** Whose vote. */
  organisation: string;
}

/** Every operation: how it is asked, and what it answers when it succeeds. */
export interface Operations {
  /** Whether the process answers. */
  get_live: {
    method: "GET";
    path: "/health/live";
    answer: HealthView;
  };
  /** Whether every ledger of this node is up to date. */
  get_ready: {
    method: "GET";
    path: "/health/ready";
    answer: HealthView;
  };
  /** Counters and gauges of the node, its ledgers and this API. */
  get_metrics: {
    method: "GET";
    path: "/metrics";
    answer: string;
  };
  /** Evaluates blinded elements with the holder's key, for a member of a bank, whose signature in the body is all that is asked for. */
  evaluate: {
    method: "POST";
    path: "/v1/evaluations";
    body: SignedQuestion;
    answer: EvaluationAnswer;
  };
  /** The certificates in the organisation's folder, the soonest to end first. */
  list_certificates: {
    method: "GET";
    path: "/v1/identity/certificates";
    answer: CertificatesView;
  };
  /** Certifies a key, once, for whoever holds the token; the token in the body is all that is asked for. */
  enrol: {
    method: "POST";
    path: "/v1/identity/enrolments";
    body: EnrolmentQuestion;
    answer: CertifiedView;
  };
  /** Takes in a certified member's proofs that it holds its key, with which an admin registers it. */
  take_possession: {
    method: "POST";
    path: "/v1/identity/possessions";
    body: PossessionQuestion;
    answer: PossessionsTaken;
  };
  /** Certifies a member's key anew, the same or the next; the signature of the key that is certified now is all that is asked for. */
  renew: {
    method: "POST";
    path: "/v1/identity/renewals";
    body: RenewalQuestion;
    answer: CertifiedView;
  };
  /** The ledgers of this node that the caller may see, ordered by id. */
  list_ledgers: {
    method: "GET";
    path: "/v1/ledgers";
    query: { limit?: number; cursor?: string };
    answer: Page_LedgerView;
  };
  /** How a ledger is doing on this node. */
  get_ledger: {
    method: "GET";
    path: "/v1/ledgers/{ledger}";
    parameters: { ledger: string };
    answer: LedgerView;
  };
  /** Blocks, newest first. New blocks do not move the pages after the first. */
  list_blocks: {
    method: "GET";
    path: "/v1/ledgers/{ledger}/blocks";
    parameters: { ledger: string };
    query: { limit?: number; cursor?: string };
    answer: Page_BlockSummary;
  };
  /** A block. */
  get_block: {
    method: "GET";
    path: "/v1/ledgers/{ledger}/blocks/{height}";
    parameters: { ledger: string; height: string };
    answer: BlockView | ArrayBuffer;
  };
  /** The transactions of a block, in block order. */
  list_block_transactions: {
    method: "GET";
    path: "/v1/ledgers/{ledger}/blocks/{height}/transactions";
    parameters: { ledger: string; height: string };
    query: { limit?: number; cursor?: string };
    answer: Page_BlockLine;
  };
  /** The calendars that votes set, year by year. */
  list_calendars: {
    method: "GET";
    path: "/v1/ledgers/{ledger}/calendars";
    parameters: { ledger: string };
    query: { limit?: number; cursor?: string };
    answer: Page_CalendarView;
  };
  /** A cosigned checkpoint: the earliest one kept whose size is above the height and that a quorum
   * (2f+1) cosigned; where there is none, that with the most cosigners; where none covers the height
   * yet, the newest: compare `size`. */
  get_checkpoint: {
    method: "GET";
    path: "/v1/ledgers/{ledger}/checkpoint";
    parameters: { ledger: string };
    query: { covering?: number };
    answer: CheckpointView;
  };
  /** The contracts of the ledger, ordered by name. */
  list_contracts: {
    method: "GET";
    path: "/v1/ledgers/{ledger}/contracts";
    parameters: { ledger: string };
    query: { limit?: number; cursor?: string };
    answer: Page_ContractView;
  };
  /** Asks a contract. Answers from the last durable block; nothing is written. */
  query_contract: {
    method: "POST";
    path: "/v1/ledgers/{ledger}/contracts/{contract}/query";
    parameters: { ledger: string; contract: string };
    body: Record<string, unknown>;
    answer: Record<string, unknown>;
  };
  /** A contract's value under its own key. */
  get_state: {
    method: "GET";
    path: "/v1/ledgers/{ledger}/contracts/{contract}/state/{key}";
    parameters: { ledger: string; contract: string; key: string };
    answer: StateView;
  };
  /** A proof of a contract's value, or of its absence, that a stranger checks offline. */
  get_state_proof: {
    method: "GET";
    path: "/v1/ledgers/{ledger}/contracts/{contract}/state/{key}/proof";
    parameters: { ledger: string; contract: string; key: string };
    answer: Record<string, unknown>;
  };
  /** Events as they become final. `event: event` carries a StreamEvent; `event: block` follows the
   * events of each block, carries a StreamBlock and, as its id, the height: a client that comes
   * back with `last-event-id` misses nothing and gets a block that was cut off again as a whole. */
  stream_events: {
    method: "GET";
    path: "/v1/ledgers/{ledger}/events";
    parameters: { ledger: string };
    query: { from?: number; contract?: string; type?: string };
    headers: { "last-event-id"?: number };
    answer: string;
  };
  /** The ledger's genesis, in the JSON form of the genesis file (docs/formats/genesis.md). */
  get_genesis: {
    method: "GET";
    path: "/v1/ledgers/{ledger}/genesis";
    parameters: { ledger: string };
    answer: Record<string, unknown>;
  };
  /** A block's header. */
  get_header: {
    method: "GET";
    path: "/v1/ledgers/{ledger}/headers/{height}";
    parameters: { ledger: string; height: string };
    answer: HeaderView | ArrayBuffer;
  };
  /** A header and the proof that it stands in the history tree of a size, as RFC 9162 has it. */
  get_history: {
    method: "GET";
    path: "/v1/ledgers/{ledger}/history/{height}";
    parameters: { ledger: string; height: string };
    query: { size?: number };
    answer: HistoryView;
  };
  /** The registered members, ordered by id. */
  list_members: {
    method: "GET";
    path: "/v1/ledgers/{ledger}/members";
    parameters: { ledger: string };
    query: { organisation?: string; limit?: number; cursor?: string };
    answer: Page_MemberView;
  };
  /** The organisations of the consortium and the roles granted to them, ordered by id. */
  list_organisations: {
    method: "GET";
    path: "/v1/ledgers/{ledger}/organisations";
    parameters: { ledger: string };
    query: { limit?: number; cursor?: string };
    answer: Page_OrganisationView;
  };
  /** Which roles may do what, how many approvals changes need, and whether the ledger is archived. */
  get_policies: {
    method: "GET";
    path: "/v1/ledgers/{ledger}/policies";
    parameters: { ledger: string };
    answer: PoliciesView;
  };
  /** The proposals of a ledger, ordered by number. */
  list_proposals: {
    method: "GET";
    path: "/v1/ledgers/{ledger}/proposals";
    parameters: { ledger: string };
    query: { limit?: number; cursor?: string };
    answer: Page_ProposalView;
  };
  /** One proposal. */
  get_proposal: {
    method: "GET";
    path: "/v1/ledgers/{ledger}/proposals/{number}";
    parameters: { ledger: string; number: number };
    answer: ProposalView;
  };
  /** The list of certificates that an organisation revoked, as far as this node has it: its own organisation's, made anew when it changed; another's, where that organisation handed it in. */
  get_revocations: {
    method: "GET";
    path: "/v1/ledgers/{ledger}/revocations/{organisation}";
    parameters: { ledger: string; organisation: string };
    answer: string;
  };
  /** How the stamping of the ledger is doing on this node since it started. */
  get_stamping: {
    method: "GET";
    path: "/v1/ledgers/{ledger}/stamping";
    parameters: { ledger: string };
    answer: StampingView;
  };
  /** The stamps that this node keeps of the ledger, newest first. */
  list_stamps: {
    method: "GET";
    path: "/v1/ledgers/{ledger}/stamps";
    parameters: { ledger: string };
    query: { limit?: number; cursor?: string };
    answer: Page_StampView;
  };
  /** Proofs of many values, or of their absence, all after the same block, in one file that a stranger checks offline. */
  prove_states: {
    method: "POST";
    path: "/v1/ledgers/{ledger}/state-proofs";
    parameters: { ledger: string };
    body: StateQuestion;
    answer: Record<string, unknown>;
  };
  /** The earliest stamped checkpoint that covers a height: the note, the token over its body, the evidence record and the authority's certificates. */
  get_timestamp: {
    method: "GET";
    path: "/v1/ledgers/{ledger}/timestamps";
    parameters: { ledger: string };
    query: { covering?: number };
    answer: TimestampView;
  };
  /** The ledger's nodes as this one sees them, and how well the ledger is doing, with reasons. */
  get_topology: {
    method: "GET";
    path: "/v1/ledgers/{ledger}/topology";
    parameters: { ledger: string };
    answer: TopologyView;
  };
  /** Submits a transaction; submitting the same bytes again is harmless and gives the same receipt. */
  submit_transaction: {
    method: "POST";
    path: "/v1/ledgers/{ledger}/transactions";
    parameters: { ledger: string };
    query: { wait_ms?: number };
    headers: { "idempotency-key"?: string };
    body: Record<string, unknown> | ArrayBuffer;
    answer: Submitted;
  };
  /** Submits many transactions at once and waits for all receipts. */
  submit_batch: {
    method: "POST";
    path: "/v1/ledgers/{ledger}/transactions/batch";
    parameters: { ledger: string };
    query: { wait_ms?: number };
    headers: { "idempotency-key"?: string };
    body: ArrayBuffer;
    answer: BatchAnswer;
  };
  /** A committed transaction with its receipt. */
  get_transaction: {
    method: "GET";
    path: "/v1/ledgers/{ledger}/transactions/{id}";
    parameters: { ledger: string; id: string };
    answer: TransactionView | ArrayBuffer;
  };
  /** A proof of the transaction and its receipt that a stranger checks offline. */
  get_proof: {
    method: "GET";
    path: "/v1/ledgers/{ledger}/transactions/{id}/proof";
    parameters: { ledger: string; id: string };
    answer: Record<string, unknown>;
  };
  /** The receipt of a committed transaction, or after a wait for it. */
  get_receipt: {
    method: "GET";
    path: "/v1/ledgers/{ledger}/transactions/{id}/receipt";
    parameters: { ledger: string; id: string };
    query: { wait_ms?: number };
    answer: ReceiptView;
  };
  /** The node and all its ledgers. */
  get_node: {
    method: "GET";
    path: "/v1/node";
    answer: NodeView;
  };
  /** The API's own description, OpenAPI 3.1. */
  get_openapi: {
    method: "GET";
    path: "/v1/openapi.json";
    answer: Record<string, unknown>;
  };
  /** A timestamp of a digest, as RFC 3161 has it. Nobody is asked who they are: programs that ask for timestamps have nothing to show; how many are given in a second is bounded. */
  stamp: {
    method: "POST";
    path: "/v1/timestamps";
    body: string;
    answer: string;
  };
}
