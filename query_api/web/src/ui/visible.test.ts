import { expect, test } from "vitest";
import { cut, visible } from "@/ui/visible";

test("what cannot be seen is written out", () => {
  expect(visible("a\u202eb\u200bc\u0000d\u001be")).toBe("a⟨U+202E⟩b⟨U+200B⟩c⟨U+0000⟩d⟨U+001B⟩e");
  expect(visible("x\u{e0041}\u{e0042}")).toBe("x⟨U+E0041⟩⟨U+E0042⟩");
});

test("what people write stays: line feeds, tabs, joiners of emoji and scripts", () => {
  const text = "a\n\tb 👩‍👩‍👧 می‌خواهم שלום é";
  expect(visible(text)).toBe(text);
  expect(visible("a\r\nb")).toBe("a\nb");
});

test("a cut does not halve a character", () => {
  expect(cut("ab😀", 3)).toBe("ab");
  expect(cut("ab😀", 4)).toBe("ab😀");
});
