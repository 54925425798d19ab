"""Style and script of the report, which are inside the file; its policy allows these two texts only."""

from __future__ import annotations

import base64
import hashlib
from typing import Final

STYLE: Final = """
:root{color-scheme:light dark;--ground:#fff;--text:#1c2430;--dim:#5b6675;--line:#dfe4ea;--card:#f6f8fa;
--accent:#2f6fde;--mean:#c2410c;--bad:#b42318;--good:#1a7f4b}
@media (prefers-color-scheme:dark){:root{--ground:#12161c;--text:#e4e9f0;--dim:#97a3b3;--line:#2b333e;
--card:#1a2029;--accent:#6ea3ff;--mean:#fb923c;--bad:#ff8a80;--good:#5fd39a}}
*{box-sizing:border-box}
body{margin:0 auto;padding:2rem 1.5rem 4rem;max-width:1440px;background:var(--ground);color:var(--text);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
h1{margin:0;font-size:1.6rem;overflow-wrap:anywhere}
h2{margin:2.2rem 0 .8rem;font-size:1.1rem}
.facts{display:flex;flex-wrap:wrap;gap:.3rem 1.6rem;margin:.6rem 0 0;padding:0;list-style:none;
color:var(--dim)}
.facts b{color:var(--text);font-weight:600;overflow-wrap:anywhere}
.note{padding:.7rem 1rem;border-left:3px solid var(--bad);background:var(--card);overflow-wrap:anywhere}
.dim,small{color:var(--dim)}
.good{color:var(--good)}.bad{color:var(--bad)}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:.4rem .7rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
th{font-weight:600;white-space:nowrap}
td.n,th.n{text-align:right}
.wide{overflow-x:auto;border:1px solid var(--line);border-radius:8px}
.wide:not(.rows) td.n{white-space:nowrap}
.wide tr:last-child td{border-bottom:0}
.plots{display:grid;grid-template-columns:repeat(auto-fill,minmax(300px,1fr));gap:1rem}
figure{margin:0;padding:.8rem .9rem .3rem;border:1px solid var(--line);border-radius:8px}
figcaption{font-weight:600;font-size:.9rem;overflow-wrap:anywhere}
figcaption small{display:block;font-weight:400}
svg{display:block;width:100%;height:auto}
svg text{font-size:10.5px;fill:var(--dim)}
svg rect{fill:var(--accent)}
svg circle{fill:var(--accent);fill-opacity:.45}
svg .grid{stroke:var(--line)}
svg .mean{stroke:var(--mean);stroke-width:1.5;stroke-dasharray:4 3}
.rows{max-height:80vh;overflow:auto}
.rows table{font-size:.88rem}
.rows th{position:sticky;top:0;z-index:1;background:var(--card)}
.rows th button{all:unset;cursor:pointer}
.rows th button:focus-visible{outline:2px solid var(--accent)}
.rows th[aria-sort=ascending] button::after{content:" ▲"}
.rows th[aria-sort=descending] button::after{content:" ▼"}
.rows td.t{min-width:13rem;max-width:26rem}
.rows td.n .text{overflow-wrap:break-word}
.rows td.n .bad{min-width:7rem}
.rows td.i{font-family:ui-monospace,monospace;font-size:.8rem}
.text{unicode-bidi:isolate;white-space:pre-wrap;overflow-wrap:anywhere}
summary{cursor:pointer}
details[open]>summary .cut{display:none}
input{width:min(28rem,100%);margin:0 0 .7rem;padding:.45rem .7rem;border:1px solid var(--line);
border-radius:6px;background:var(--ground);color:inherit;font:inherit}
[hidden]{display:none}
@media print{.rows{max-height:none;overflow:visible}input{display:none}}
"""

SCRIPT: Final = """
"use strict";
const table = document.getElementById("rows");
if (table) {
  const body = table.tBodies[0];
  const filter = document.getElementById("filter");
  const count = document.getElementById("count");
  filter.hidden = false;
  filter.addEventListener("input", () => {
    const words = filter.value.toLowerCase().split(/\\s+/).filter(Boolean);
    let shown = 0;
    for (const row of body.rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      shown += row.hidden ? 0 : 1;
    }
    count.textContent = words.length ? `${shown} of ${body.rows.length} rows match.` : "";
  });
  const value = (row, index) => {
    const cell = row.cells[index];
    const number = cell.dataset.v;
    return number === undefined ? cell.textContent : number === "" ? null : Number(number);
  };
  table.tHead.addEventListener("click", (event) => {
    const head = event.target.closest("th");
    if (!head) return;
    const down = head.getAttribute("aria-sort") !== "descending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const index = head.cellIndex;
    const sorted = Array.from(body.rows, (row) => [value(row, index), row]);
    sorted.sort(([a], [b]) => {
      if (a === null || b === null) return (a === null) - (b === null);
      const numbers = typeof a === "number" && typeof b === "number";
      const order = numbers ? a - b : String(a).localeCompare(String(b));
      return down ? -order : order;
    });
    body.append(...sorted.map(([, row]) => row));
  });
}
"""


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_hash(STYLE)}'; script-src 'sha256-{_hash(SCRIPT)}'; "
    "base-uri 'none'; form-action 'none'"
)
"""Prompts are other people's text. Should any of it ever pass for markup, it still runs and loads nothing."""
