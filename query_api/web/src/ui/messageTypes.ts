/** What a conversation is made of, whoever recorded it. All text in it is untrusted. */

export type Value = Readonly<Record<string, unknown>>;

export type Part =
  | { kind: "text"; text: string }
  | { kind: "reasoning"; text: string }
  | { kind: "tool_call"; id: string; name: string; text: string }
  | { kind: "tool_result"; id: string; text: string }
  /** `source` is a data: address of a raster image, safe to show; null: `text` says where the image is. */
  | { kind: "image"; source: string | null; text: string }
  | { kind: "other"; type: string; text: string };

export interface Message {
  role: string;
  name: string;
  finishReason: string;
  parts: Part[];
}

/** What a recorded text turned out to be. */
export type Content =
  | { kind: "messages"; messages: Message[] }
  | { kind: "json"; text: string }
  | { kind: "text"; text: string };

const RASTER = /^data:image\/(?:png|jpeg|jpg|gif|webp);base64,[A-Za-z0-9+/]/;
const MAX_IMAGE_CHARS = 14_000_000; // 10 MB, as base64

export function isRecord(value: unknown): value is Value {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function prettyJson(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value, null, 2) ?? "");
}

/** An image that may be shown: data: of a raster type. Of any other only its address or type is told. */
export function imageOf(address: string): Part {
  if (!address.startsWith("data:")) return { kind: "image", source: null, text: address };
  const isSafe = address.length <= MAX_IMAGE_CHARS && RASTER.test(address);
  const type = address.slice(0, Math.min(60, address.indexOf(",") + 1 || 60));
  return { kind: "image", source: isSafe ? address : null, text: `${type}…` };
}
