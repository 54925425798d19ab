// Runs in the page before its own scripts: notes at which animation frame what somebody waits for is in the document.
(() => {
  performance.setResourceTimingBufferSize(5000);
  const longTasks = [];
  new PerformanceObserver((list) => longTasks.push(...list.getEntries())).observe({ type: "longtask", buffered: true });

  let start = 0; // navigation start; else the instant of the input that was waited for
  let isArmed = false;
  let onInput = null;
  for (const type of ["click", "keydown", "input"]) {
    addEventListener(
      type,
      (event) => {
        if (!isArmed) return;
        isArmed = false;
        start = event.timeStamp;
        onInput();
      },
      { capture: true, passive: true },
    );
  }

  const matching = ({ css, text, row }) => {
    const pattern = new RegExp(text, "s");
    const isRow = (element) => row === 0 || Number(element.getAttribute("aria-rowindex")) >= row;
    return [...document.querySelectorAll(css)].filter((one) => isRow(one) && pattern.test(one.textContent));
  };

  /** Resolves to ms from the start for each thing wanted, by its name. */
  const wait = (wanted, old, timeoutMs, each) =>
    new Promise((resolve, reject) => {
      const seen = {};
      const latest = performance.now() + timeoutMs;
      const frame = () => {
        each?.();
        for (const one of wanted) {
          if (!(one.name in seen) && matching(one).some((element) => !old.has(element))) seen[one.name] = performance.now() - start;
        }
        const missing = wanted.filter(({ name }) => !(name in seen)).map(({ name }) => name);
        if (missing.length === 0) resolve(seen);
        else if (performance.now() > latest) reject(new Error(`not seen in time: ${missing.join(", ")}`));
        else requestAnimationFrame(frame);
      };
      requestAnimationFrame(frame);
    });


  globalThis.watch = {
    /** After a navigation. */
    opened: (wanted, timeoutMs) => wait(wanted, new Set(), timeoutMs),
    /** Before an input; `answered` then gives the promise. */
    arm: (wanted, timeoutMs) => {
      const old = new Set(wanted.flatMap(matching)); // what was there before does not count
      isArmed = true;
      watch.answered = new Promise((resolve, reject) => {
        onInput = () => wait(wanted, old, timeoutMs).then(resolve, reject);
      });
    },
    /** Scrolls to the end of what is there at every frame, until what is wanted is in sight. */
    scrolled: (css, wanted, timeoutMs) => {
      const scroller = document.querySelector(css);
      const old = new Set(wanted.flatMap(matching));
      start = performance.now();
      return wait(wanted, old, timeoutMs, () => {
        scroller.scrollTop = scroller.scrollHeight;
      });
    },
    /** What the browser has to say of the time from the start to the end of the wait. */
    since: (endMs) => {
      const isWithin = ({ startTime }) => startTime >= start && startTime < start + endMs;
      const entries = performance.getEntriesByType("resource").filter(isWithin);
      const asked = entries.filter(({ name }) => new URL(name).pathname.includes("/v1/"));
      const slow = asked.toSorted((one, other) => other.duration - one.duration)[0];
      const tasks = longTasks.filter(isWithin);
      const navigation = performance.getEntriesByType("navigation")[0];
      return {
        first_paint_ms: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? null,
        file_bytes: entries
          .filter((one) => !asked.includes(one))
          .reduce((sum, { transferSize }) => sum + transferSize, start === 0 ? navigation.transferSize : 0),
        answer_bytes: asked.reduce((sum, { transferSize }) => sum + transferSize, 0),
        request_count: asked.length,
        slowest_request: slow ? decodeURIComponent(slow.name.slice(location.origin.length)) : "",
        slowest_request_ms: slow?.duration ?? 0,
        long_task_count: tasks.length,
        longest_task_ms: Math.max(0, ...tasks.map(({ duration }) => duration)),
      };
    },
  };
})();
