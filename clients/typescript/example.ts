// A program that compiles against blockworm.d.ts: asks one operation and follows a receipt.
import type { LedgerView, Operations, Problem, ReceiptView } from "./blockworm";

type Name = keyof Operations;
type Part<N extends Name, K extends string> = Operations[N] extends Record<K, infer P> ? P : {};

/** Asks a node for a JSON answer; a refusal is thrown as the problem that it is. */
export async function ask<N extends Name>(
  base: string,
  method: Operations[N]["method"],
  path: Operations[N]["path"],
  parameters: Part<N, "parameters">,
  query: Part<N, "query">,
  key?: string,
): Promise<Operations[N]["answer"]> {
  let place: string = path;
  for (const [name, value] of Object.entries(parameters as object)) {
    place = place.replace(`{${name}}`, encodeURIComponent(String(value)));
  }
  const url = new URL(place, base);
  for (const [name, value] of Object.entries(query as object)) {
    url.searchParams.set(name, String(value));
  }
  const headers: Record<string, string> = { accept: "application/json" };
  if (key !== undefined) {
    headers["authorization"] = `Bearer ${key}`;
  }
  const response = await fetch(url, { method, headers });
  const body: unknown = await response.json();
  if (!response.ok) {
    throw body as Problem;
  }
  return body as Operations[N]["answer"];
}

/** Every ledger of the node, page by page. */
export async function ledgers(base: string, key: string): Promise<LedgerView[]> {
  const all: LedgerView[] = [];
  let cursor: string | undefined;
  do {
    const query = cursor === undefined ? { limit: 100 } : { limit: 100, cursor };
    const page = await ask<"list_ledgers">(base, "GET", "/v1/ledgers", {}, query, key);
    all.push(...page.items);
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  return all;
}

/** Where a transaction was committed. */
export async function committedAt(base: string, ledger: string, id: string): Promise<number> {
  const receipt: ReceiptView = await ask<"get_receipt">(
    base,
    "GET",
    "/v1/ledgers/{ledger}/transactions/{id}/receipt",
    { ledger, id },
    { wait_ms: 5000 },
  );
  return receipt.height;
}
