"use strict";
(async () => {
  const byId = (id) => document.getElementById(id);
  const PAGE = 25;
  const SIGNS = {
    circle: "●", square: "■", "triangle-up": "▲", diamond: "◆", cross: "✚", "triangle-down": "▼", "triangle-right": "▶",
  };
  const SHAPES = Object.keys(SIGNS);

  /** An element; text is only ever set as text, so that nothing in a record becomes markup. */
  const element = (name, attributes = {}, ...children) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  };

  const trouble = (text) => {
    byId("trouble").textContent = text;
    byId("trouble").hidden = false;
  };

  if (!("DecompressionStream" in window)) {
    trouble("This browser is too old for the charts and the table (it needs DecompressionStream, of 2023).");
    return;
  }
  const letters = atob(byId("data").textContent);
  const packed = new Uint8Array(letters.length);
  // A loop: Uint8Array.from takes ten times as long.
  for (let i = 0; i < letters.length; i++) packed[i] = letters.charCodeAt(i);
  byId("data").remove();
  const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const data = await new Response(unpacked).json();
  const { domains, records } = data;
  const all = records.title.map((_, record) => record);
  const titleOf = (record) => records.title[record] || records.abstract[record].slice(0, 100) || "(no title)";
  const share = (tenThousandths) => (tenThousandths / 10000).toFixed(2);

  // --- Filter and sort

  const order = { by: "", descending: false };
  let selection = [];
  let page = 0;
  const open = new Set();
  let haystack = null;
  const searchable = (record) => {
    haystack ??= all.map((i) =>
      ["title", "abstract", "authors", "journal", "keywords", "pmid", "doi"].map((f) => records[f][i]).join("\n").toLowerCase(),
    );
    return haystack[record];
  };

  const collator = new Intl.Collator("en");
  const text = (field) => (a, b) => collator.compare(records[field][a], records[field][b]);
  const number = (field) => (a, b) => records[field][a] - records[field][b];
  const COMPARE = {
    title: text("title"),
    journal: text("journal"),
    year: number("year"),
    doubt: number("doubt"),
    domains: (a, b) => (records.tags[a][0] ?? domains.length) - (records.tags[b][0] ?? domains.length)
      || records.tags[a].length - records.tags[b].length,
  };

  const select = () => {
    const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const ticked = [...document.querySelectorAll("[name=domain]:checked")].map((box) => Number(box.value));
    const has = (record) => (domain) => domain < 0 ? !records.tags[record].length : records.tags[record].includes(domain);
    const [from, to] = ["from", "to"].map((id) => byId(id).valueAsNumber);
    const every = byId("mode").value === "all";
    selection = all.filter((record) => {
      const year = records.year[record];
      return (!byId("uncertain").checked || records.review[record].length)
        && (Number.isNaN(from) || (year !== null && year >= from))
        && (Number.isNaN(to) || (year !== null && year <= to))
        && (!ticked.length || (every ? ticked.every(has(record)) : ticked.some(has(record))))
        && words.every((word) => searchable(record).includes(word));
    });
    arrange();
    // The table answers first.
    setTimeout(drawPoints);
  };

  const arrange = () => {
    if (order.by) {
      selection.sort(COMPARE[order.by]);
      if (order.descending) selection.reverse();
    }
    turnTo(0);
  };

  // --- Table

  const tint = (node, domain, strength) => {
    const { color, line } = domains[domain];
    node.style.borderBottomColor = color;
    node.style.borderBottomStyle = line;
    if (line === "double") node.style.borderBottomWidth = "3px";
    if (strength) node.style.backgroundColor = color + strength;
    return node;
  };

  const chip = (record, domain) => {
    const given = records.tags[record].includes(domain);
    const unsure = records.review[record].includes(domain);
    const label = `${domains[domain].name} ${share(records.p[record][domain])}`;
    const made = tint(element("span", { class: given ? "chip" : "chip not" }, label), domain, given ? "33" : "");
    if (unsure) made.append(" ?", element("span", { class: "hidden" }, given ? " uncertain" : " not given, uncertain"));
    return made;
  };

  /** Title and abstract with the evidence marked, as lists of nodes. Marks count code points, not UTF-16 units. */
  const marked = (record) => {
    const points = Array.from(`${records.title[record]}\n${records.abstract[record]}`);
    const border = Array.from(records.title[record]).length;
    const parts = [[], []];
    const put = (start, end, domain) => {
      for (const [part, from, to] of [[0, start, Math.min(end, border)], [1, Math.max(start, border + 1), end]]) {
        if (from >= to) continue;
        const piece = points.slice(from, to).join("");
        parts[part].push(domain === null ? piece : tint(element("mark", { title: domains[domain].name }, piece), domain, "33"));
      }
    };
    const marks = records.marks[record];
    let at = 0;
    for (let i = 0; i < marks.length; i += 3) {
      put(at, at + marks[i], null);
      at += marks[i];
      put(at, at + marks[i + 1], marks[i + 2]);
      at += marks[i + 1];
    }
    put(at, points.length, null);
    return parts;
  };

  const details = (record) => {
    const paragraphs = [];
    const [, abstract] = marked(record);
    if (records.authors[record]) paragraphs.push(element("p", {}, records.authors[record]));
    paragraphs.push(element("p", {}, ...(abstract.length ? abstract : ["No abstract: judged by the title."])));
    const links = element("p");
    const link = (address, label) => links.append(element("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, label), " ");
    if (records.doi[record]) link(`https://doi.org/${encodeURI(records.doi[record])}`, `doi:${records.doi[record]}`);
    if (/^\d+$/.test(records.pmid[record])) link(`https://pubmed.ncbi.nlm.nih.gov/${records.pmid[record]}/`, `PMID ${records.pmid[record]}`);
    if (links.hasChildNodes()) paragraphs.push(links);
    return element("td", { class: "text", role: "cell", colspan: 5 }, ...paragraphs);
  };

  const rowsOf = (record) => {
    const isOpen = open.has(record) || byId("unfold").checked;
    const [title] = marked(record);
    const button = element("button", { type: "button", class: "link", "aria-expanded": isOpen, "data-open": record }, ...(title.length ? title : [titleOf(record)]));
    const shown = [...new Set([...records.tags[record], ...records.review[record]])];
    const cells = [
      element("td", { role: "cell" }, button),
      element("td", { role: "cell" }, String(records.year[record] ?? "")),
      element("td", { role: "cell" }, records.journal[record]),
      element("td", { role: "cell" }, ...shown.flatMap((domain) => [chip(record, domain), " "])),
      element("td", { role: "cell", "data-label": "doubt" }, share(records.doubt[record])),
    ];
    const row = element("tr", { role: "row" }, ...cells);
    return isOpen ? [row, element("tr", { role: "row" }, details(record))] : [row];
  };

  const lastPage = () => Math.max(0, Math.ceil(selection.length / PAGE) - 1);

  const showRows = () => {
    const here = selection.slice(page * PAGE, (page + 1) * PAGE);
    byId("rows").replaceChildren(...here.flatMap(rowsOf));
    byId("count").textContent = `${selection.length.toLocaleString("en")} of ${all.length.toLocaleString("en")} abstracts`;
    byId("page").textContent = `Page ${page + 1} of ${lastPage() + 1}`;
    for (const id of ["first-page", "previous"]) byId(id).disabled = page === 0;
    for (const id of ["next", "last-page"]) byId(id).disabled = page === lastPage();
    for (const head of document.querySelectorAll("[data-sort]")) {
      const sorted = head.dataset.sort === order.by;
      head.setAttribute("aria-sort", sorted ? (order.descending ? "descending" : "ascending") : "none");
    }
  };

  const turnTo = (target) => {
    page = target;
    showRows();
  };

  /** Open one record in the table, without filters if they hide it. */
  const show = (record) => {
    if (!selection.includes(record)) {
      byId("filters").reset();
      select();
    }
    open.add(record);
    turnTo(Math.floor(selection.indexOf(record) / PAGE));
    const button = document.querySelector(`[data-open="${record}"]`);
    button.scrollIntoView({ block: "center" });
    button.focus();
  };

  // --- Download

  const cell = (value) => {
    let written = String(value ?? "");
    // A spreadsheet takes such a cell for a formula.
    if (typeof value === "string" && /^'*[=+\-@\t\r]/.test(written)) written = `'${written}`;
    return /[",\r\n]/.test(written) ? `"${written.replaceAll('"', '""')}"` : written;
  };
  const keys = (list) => list.map((domain) => domains[domain].key).join(";");
  const fields = ["title", "abstract", "authors", "year", "journal", "doi", "pmid", "keywords"];
  const csv = () => {
    const head = [...fields, "tags", "review", ...domains.map(({ key }) => `p_${key}`), "neuropeptide", "no_abstract"];
    const rows = selection.map((i) => [
      ...fields.map((field) => records[field][i]),
      keys(records.tags[i]),
      keys(records.review[i]),
      ...records.p[i].map((p) => p / 10000),
      records.neuropeptide[i] === null ? "" : records.neuropeptide[i] / 10000,
      records.abstract[i] ? "False" : "True",
    ]);
    return "\ufeff" + [head, ...rows].map((row) => row.map(cell).join(",") + "\n").join("");
  };
  const ris = () => selection.map((i) => {
    const lines = [["TY", "JOUR"]];
    const add = (tag, value) => value !== null && value !== "" && lines.push([tag, value]);
    const list = (tag, values) => values.split("; ").forEach((value) => add(tag, value));
    list("AU", records.authors[i]);
    add("TI", records.title[i]);
    add("T2", records.journal[i]);
    add("PY", records.year[i]);
    add("DO", records.doi[i]);
    add("AB", records.abstract[i]);
    list("KW", records.keywords[i]);
    if (records.pmid[i]) lines.push(["DB", "PubMed"], ["AN", records.pmid[i]]);
    for (const domain of records.tags[i]) add("KW", `otclass:${domains[domain].key}`);
    add("N1", "otclass: " + domains.map(({ key }, d) => `${key} ${share(records.p[i][d])}`).join(", "));
    // A line of the text that looks like a field must not become one.
    const body = lines.map(([tag, value]) => `${tag}  - ${String(value).replace(/\s*[\r\n]+\s*/g, " ")}\n`);
    return body.join("") + "ER  - \n\n";
  }).join("");
  const download = (name, type, content) => {
    const link = element("a", { href: URL.createObjectURL(new Blob([content], { type })), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  };

  // --- Listening

  let waiting = 0;
  byId("filters").addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(select, 150);
  });
  byId("filters").addEventListener("reset", () => setTimeout(select));
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  byId("unfold").addEventListener("change", () => {
    open.clear();
    showRows();
  });
  byId("first-page").addEventListener("click", () => turnTo(0));
  byId("previous").addEventListener("click", () => turnTo(page - 1));
  byId("next").addEventListener("click", () => turnTo(page + 1));
  byId("last-page").addEventListener("click", () => turnTo(lastPage()));
  byId("csv").addEventListener("click", () => download("abstracts.csv", "text/csv", csv()));
  byId("ris").addEventListener("click", () => download("abstracts.ris", "application/x-research-info-systems", ris()));
  byId("all-uncertain").addEventListener("click", () => {
    byId("filters").reset();
    byId("uncertain").checked = true;
    Object.assign(order, { by: "doubt", descending: true });
    setTimeout(() => {
      select();
      byId("abstracts").focus();
    });
  });
  document.querySelector("#table thead").addEventListener("click", (event) => {
    const head = event.target.closest("[data-sort]");
    if (!head) return;
    const by = head.dataset.sort;
    // Numbers are most telling from the top.
    const descending = order.by === by ? !order.descending : ["year", "doubt"].includes(by);
    Object.assign(order, { by, descending });
    arrange();
  });
  byId("rows").addEventListener("click", (event) => {
    const button = event.target.closest("[data-open]");
    if (!button) return;
    const record = Number(button.dataset.open);
    const wasOpen = button.getAttribute("aria-expanded") === "true";
    if (wasOpen) open.delete(record);
    else open.add(record);
    const row = button.closest("tr");
    button.setAttribute("aria-expanded", !wasOpen);
    if (wasOpen) row.nextElementSibling.remove();
    else row.after(element("tr", { role: "row" }, details(record)));
  });
  document.querySelector("#first").parentElement.addEventListener("click", (event) => {
    const button = event.target.closest("[data-record]");
    if (button) show(Number(button.dataset.record));
  });

  // --- Charts

  const ink = { labelColor: "currentColor", titleColor: "currentColor", domainColor: "currentColor", tickColor: "currentColor" };
  const config = {
    background: null,
    font: "system-ui, sans-serif",
    axis: { ...ink, gridColor: "currentColor", gridOpacity: 0.15, labelFontSize: 12, labelLimit: 220, titleFontWeight: "normal" },
    legend: { labelColor: "currentColor", titleColor: "currentColor", labelFontSize: 12, symbolSize: 90 },
    title: { color: "currentColor", fontSize: 13 },
    view: { stroke: null },
  };
  const { figures } = data;
  const names = domains.map(({ name }) => name);
  const colorOf = Object.fromEntries(domains.map(({ name, color }) => [name, color]));
  const outline = { stroke: "currentColor", strokeWidth: 0.4 };
  const nominal = (field, more = {}) => ({ field, type: "nominal", title: null, ...more });
  const amount = (field, more = {}) => ({ field, type: "quantitative", title: null, ...more });
  const own = nominal("color", { scale: null });
  const told = (...fields) => fields.map((field) => ({ field }));

  /** The charts of each figure, in Vega-Lite, from the rows of its table. */
  const CHARTS = {
    domains: ({ rows }) => [{
      description: "Bar chart: abstracts by domain, certain and uncertain.",
      height: rows.length * 30 + 60,
      data: {
        values: rows.flatMap(([domain, given, unsure]) => [["certain", given - unsure], ["uncertain", unsure]].map(
          ([kind, abstracts]) => ({ domain, kind, abstracts, color: colorOf[domain] }),
        )),
      },
      mark: { type: "bar", ...outline },
      encoding: {
        y: nominal("domain", { sort: names }),
        x: amount("abstracts", { title: "abstracts", axis: { tickMinStep: 1 }, scale: { domain: [0, Math.max(1, ...rows.map(([, given]) => given))], nice: true } }),
        color: own,
        opacity: {
          field: "kind", type: "ordinal", scale: { domain: ["certain", "uncertain"], range: [1, 0.35] },
          legend: { orient: "bottom", title: null, symbolFillColor: "#888" },
        },
        order: { field: "kind" },
        tooltip: told("domain", "kind", "abstracts"),
      },
    }],
    years: ({ rows }) => {
      const dated = rows.filter(([year]) => year !== "unknown").map(([year, ...counts]) => [Number(year), ...counts]);
      if (!dated.length) return [];
      const most = Math.max(1, ...dated.flatMap((row) => row.slice(1, -1)));
      const [first, last] = [dated[0][0], dated.at(-1)[0]];
      return domains.map(({ name, color }, n) => ({
        title: { text: name, anchor: "start" },
        description: `Bar chart: abstracts a year, ${name}.`,
        height: 110,
        data: { values: dated.map((row) => ({ year: row[0], from: row[0] - 0.45, to: row[0] + 0.45, abstracts: row[n + 1] })) },
        mark: { type: "bar", color, ...outline },
        encoding: {
          x: amount("from", {
            scale: { domain: [first - 0.5, last + 0.5], nice: false, zero: false },
            axis: { format: "d", tickMinStep: 1, tickCount: Math.min(5, last - first + 1), grid: false },
          }),
          x2: { field: "to" },
          y: amount("abstracts", { scale: { domain: [0, most] }, axis: { tickCount: 3, tickMinStep: 1 } }),
          y2: { datum: 0 },
          tooltip: told("year", "abstracts"),
        },
      }));
    },
    pairs: ({ rows }) => {
      const values = rows.flatMap(([one, ...counts], row) => counts.map((abstracts, column) => (
        { one, other: names[column], abstracts, share: abstracts / Math.max(1, counts[row]) }
      )).filter((_, column) => column !== row));
      const dark = 0.55 * Math.max(0.01, ...values.map(({ share }) => share));
      return [{
        description: "Heat map: how many abstracts have two domains at once.",
        height: rows.length * 34 + 90,
        data: { values },
        encoding: {
          y: nominal("one", { sort: names }),
          x: nominal("other", { sort: names, axis: { labelAngle: -40 } }),
          tooltip: [...told("one", "other", "abstracts"), { field: "share", format: ".0%" }],
        },
        layer: [
          { mark: { type: "rect", ...outline }, encoding: { color: amount("share", { scale: { scheme: "blues", domainMin: 0 }, legend: null }) } },
          {
            mark: "text",
            encoding: { text: { field: "abstracts" }, color: { condition: { test: `datum.share > ${dark}`, value: "#fff" }, value: "#111" } },
          },
        ],
      }];
    },
    growth: ({ rows, head }) => {
      const values = rows.filter(([, before]) => before).map(([group, before, now, change]) => ({
        group, change: now / before - 1, told: `${change} (${before} → ${now})`,
        color: colorOf[group] ?? (group === "All abstracts" ? "currentColor" : "#8888"),
      }));
      return values.length ? [{
        description: `Bar chart: change in abstracts from ${head[1]} to ${head[2]}.`,
        height: values.length * 24 + 30,
        data: { values },
        mark: { type: "bar", ...outline },
        encoding: {
          y: nominal("group", { sort: null, axis: { labelLimit: 260 } }),
          x: amount("change", { axis: { format: "+%", tickCount: 5 } }),
          color: own,
          tooltip: told("group", "told"),
        },
      }] : [];
    },
  };

  // ast: expressions are interpreted, not compiled, as the page's policy forbids eval.
  const embed = async (place, spec, renderer) => {
    const options = { actions: false, ast: true, defaultStyle: false, renderer, config, tooltip: { disableDefaultStyle: true } };
    return (await vegaEmbed(place, { width: "container", autosize: { type: "fit", contains: "padding" }, ...spec }, options)).view;
  };

  let map = null;
  const drawPoints = () => {
    if (!map) return;
    const kept = new Set(selection);
    map.data("points", all.map((i) => ({
      i,
      x: records.x[i],
      y: records.y[i],
      domain: records.tags[i].length ? domains[records.tags[i][0]].name : "No domain",
      title: titleOf(i),
      year: records.year[i],
      shown: kept.has(i),
    }))).runAsync();
  };

  const drawMap = async () => {
    const axis = { type: "quantitative", axis: null, scale: { domain: [-60, 4155], nice: false } };
    const kinds = [...names, "No domain"];
    const colors = [...domains.map(({ color }) => color), "#8888"];
    const shapes = kinds.map((_, n) => SHAPES[n < domains.length ? n % SHAPES.length : 0]);
    byId("legend").append(...kinds.map((kind, n) => {
      const sign = element("span", { "aria-hidden": true }, SIGNS[shapes[n]]);
      sign.style.color = colors[n];
      return element("li", {}, sign, ` ${kind}`);
    }));
    map = await embed(byId("map"), {
      description: "Scatter plot: map of the abstracts by wording; the table below holds the same abstracts.",
      height: "container",
      data: { name: "points", values: [] },
      params: [{
        name: "zoom", bind: "scales",
        select: { type: "interval", zoom: "wheel![event.ctrlKey]", translate: "[mousedown, window:mouseup] > window:mousemove!" },
      }],
      mark: { type: "point", filled: true, stroke: "#888", strokeWidth: 0.3 },
      encoding: {
        x: { field: "x", ...axis },
        y: { field: "y", ...axis },
        color: nominal("domain", { legend: null, scale: { domain: kinds, range: colors } }),
        shape: nominal("domain", { legend: null, scale: { domain: kinds, range: shapes } }),
        opacity: { condition: { test: "datum.shown", value: 0.8 }, value: 0.06 },
        size: { value: all.length > 3000 ? 14 : 40 },
        tooltip: [{ field: "title" }, { field: "year" }, { field: "domain" }],
      },
    }, "canvas");
    map.addEventListener("click", (_, item) => item?.datum?.i !== undefined && show(item.datum.i));
    drawPoints();
  };

  select();
  performance.mark("interactive");
  document.body.dataset.state = "interactive";
  try {
    for (const [name, figure] of Object.entries(figures)) {
      const places = CHARTS[name](figure).map((spec) => [element("div", { class: "chart" }), spec]);
      byId(name).append(...places.map(([place]) => place));
      for (const [place, spec] of places) {
        await embed(place, spec, "svg");
        // Between two charts the page may answer.
        await new Promise((resolve) => setTimeout(resolve));
      }
    }
    await drawMap();
  } catch (error) {
    trouble(`A chart could not be drawn: ${error}. The table works without.`);
    throw error;
  }
  performance.mark("drawn");
  document.body.dataset.state = "drawn";
})();
