set -euo pipefail
work=$(mktemp -d)
fail() { echo "FAILED: $*" >&2; exit 1; }
sha() { openssl dgst -sha256 -r | cut -c 1-64; }
bytes() { printf "$(printf %s "$1" | sed 's/../\\x&/g')"; }
little() { local digits; printf -v digits "%0$((2 * $2))x" "$1"; while [ -n "$digits" ]; do bytes "${digits: -2}"; digits=${digits%??}; done; }
counted() { little "$(printf %s "$1" | wc -c)" 4; printf %s "$1"; }
field() { sed -n "s/^ *\"$2\": \"\{0,1\}\(.*[^\",]\)\"\{0,1\},\{0,1\}\$/\1/p" "$1" | head -n 1; }
typed() { case $1 in ed25519:*) bytes 00; bytes "${1#*:}" ;; p256:*) bytes 01; bytes "${1#*:}" ;; esac; }

# commitment WHAT FILE SALT: prints the salted digest that the ledger keeps.
commitment() { { printf 'blockworm/evidence/%s\0' "$1"; bytes "$3"; openssl dgst -sha256 -binary "$2"; } | sha; }

# climb LEAF INDEX SIZE SIBLING...: prints the root that a Merkle path leads to (RFC 9162, 2.1.3.2).
climb() {
  # Digits alone: bash would run what a forged file wrote into an arithmetic expression.
  local hash=$1 node=${2//[^0-9]/} last=$((${3//[^0-9]/} - 1)) sibling; shift 3
  for sibling in "$@"; do
    [ "$last" -gt 0 ] || fail "the path is too long"
    if [ $((node % 2)) = 1 ] || [ "$node" = "$last" ]; then
      hash=$({ bytes 01; bytes "$sibling"; bytes "$hash"; } | sha)
      while [ $((node % 2)) = 0 ] && [ "$node" != 0 ]; do node=$((node / 2)) last=$((last / 2)); done
    else
      hash=$({ bytes 01; bytes "$hash"; bytes "$sibling"; } | sha)
    fi
    node=$((node / 2)) last=$((last / 2))
  done
  [ "$last" = 0 ] || fail "the path is too short"
  echo "$hash"
}

# number HEX: a number as DER's INTEGER, in hex.
number() {
  local digits=$1
  while [ "${digits:0:2}" = 00 ]; do digits=${digits:2}; done
  case $digits in [89abcdef]*) digits=00$digits ;; esac
  printf '02%02x%s' $((${#digits} / 2)) "$digits"
}

# signed_by KEY SIGNATURE FILE: checks a member's signature; the key as the ledger writes it.
signed_by() {
  local key=${1#*:} pair r s
  case $1 in
  ed25519:*)
    bytes "302a300506032b6570032100$key" > "$work/key.der"
    bytes "${2#*:}" > "$work/signature"
    openssl pkeyutl -verify -pubin -keyform DER -inkey "$work/key.der" -rawin -in "$3" -sigfile "$work/signature" > /dev/null ;;
  p256:*)
    bytes "3039301306072a8648ce3d020106082a8648ce3d030107032200$key" > "$work/key.der"
    pair=${2#*:} r=$(number "${pair:0:64}") s=$(number "${pair:64}")
    bytes "$(printf '30%02x' $(((${#r} + ${#s}) / 2)))$r$s" > "$work/signature"
    openssl dgst -sha256 -verify "$work/key.der" -keyform DER -signature "$work/signature" "$3" > /dev/null ;;
  *) false ;;
  esac
}

# transaction PROOF ID HISTORY: rebuilds the transaction, checks its signature and its place in the header.
transaction() {
  local proof=$1 ledger key signature message id leaf root
  ledger=$(field "$proof" ledger) key=$(field "$proof" key) signature=$(field "$proof" signature)
  message=$(sed -n 's/^ *"message": "\(.*\)",$/\1/p' "$proof" | head -n 1 | sed 's/\\"/"/g')
  { bytes "$ledger"; counted "$(field "$proof" sender)"; typed "$key"; counted "$(field "$proof" contract)"
    counted "$message"; bytes "$(field "$proof" nonce)"; little "$(field "$proof" expires_at_ms)" 8; } > "$work/body"
  id=$(sha < "$work/body")
  [ "$id" = "$2" ] || fail "$proof is another transaction"
  { printf 'blockworm/%s/transaction\0' "$ledger"; bytes "$id"; } > "$work/signed"
  signed_by "$key" "$signature" "$work/signed" || fail "the signature of $proof"
  leaf=$({ bytes 00; bytes "$id"; typed "$signature"; } | sha)
  root=$(climb "$leaf" "$(field "$proof" index)" "$(field "$proof" size)" $(awk '/"path": \[\]/ {exit} /"path": \[/ {on=1; next} on && /\]/ {exit} on {gsub(/[ ",]/, ""); print}' "$proof"))
  [ "$root" = "$(field "$proof" transactions_root)" ] || fail "$proof is not in its block"
  [ "$root" = "$(tr ',{}' '\n\n\n' < "$3" | sed -n 's/^ *"transactions_root" *: *"\([0-9a-f]*\)" *$/\1/p')" ] || fail "$proof is of another block than $3"
}
