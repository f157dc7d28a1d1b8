/** IPv4 arithmetic. */
export function ipv4(address: string): number | null {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(address)?.slice(1).map(Number);
  if (!parts || parts.some((part) => part > 255)) return null;
  return parts.reduce((sum, part) => sum * 256 + part, 0);
}

export const ipv4Text = (value: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");

export function range(cidr: string): { readonly first: number; readonly last: number } | null {
  const [address = "", bits = "32"] = cidr.split("/");
  const at = ipv4(address);
  const length = Number(bits);
  if (at === null || !Number.isInteger(length) || length < 0 || length > 32) return null;
  const size = 2 ** (32 - length);
  const first = Math.floor(at / size) * size;
  return { first, last: first + size - 1 };
}

/** Whether `outer` holds all of `inner` (a CIDR or an address). */
export function contains(outer: string, inner: string): boolean {
  const [a, b] = [range(outer), range(inner)];
  return a !== null && b !== null && a.first <= b.first && b.last <= a.last;
}
