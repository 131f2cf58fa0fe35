// The table of the front: sorted by its heading buttons, filtered by column, drawn only where seen.
(() => {
  'use strict';
  const page = globalThis.cairnPage;
  const { escape, parse, integer } = page.format;
  const { data, state } = page;
  const { rows, knobs, metrics, objectives, id, knee } = data;
  if (rows === 0) return;

  const kRowHeight = 30;
  const kDrawAll = 500;   // up to so many rows, all are in the document
  const kPrinted = 40;    // rows on paper; pareto.csv has the others
  const idColumn = { name: 'id', label: 'Design', unit: '', numeric: true, role: 'id', values: id, text: (row) => String(id[row]) + (row === knee ? ' ◆' : ''), show: String };

  const frame = document.getElementById('table-frame');
  let columns = [];
  let sort = { column: objectives[0] ?? metrics[0] ?? idColumn, descending: (objectives[0]?.direction ?? 'min') === 'max' };
  let order = [];
  const filters = new Map();  // column name -> text
  let body = null;
  let focused = 0;  // place in `order` of the row that the Tab key reaches

  function chooseColumns() {
    const all = document.getElementById('all-metrics').checked;
    const others = all ? metrics.filter((metric) => !metric.objective) : [];
    columns = [idColumn, ...objectives, ...others, ...knobs];
  }
  const widthOf = (column) => {
    let longest = 0;
    const step = Math.max(1, Math.floor(rows / 400));
    for (let row = 0; row < rows; row += step) longest = Math.max(longest, column.text(row).length);
    const word = Math.max(...column.label.split(/[\s/]+/).map((part) => part.length));
    return Math.round(Math.max(84, longest * 8.2 + 22, word * 8.6 + 30));
  };

  function test(column, text) {
    const trimmed = text.trim();
    if (trimmed === '') return null;
    const wanted = trimmed.toLowerCase();
    const contains = (row) => column.text(row).toLowerCase().includes(wanted);
    if (!column.numeric) return contains;
    const value = (row) => column.values[row];
    const range = /^(.+?)\.\.(.+)$/.exec(trimmed);
    if (range) {
      const [low, high] = [parse(range[1], column.unit), parse(range[2], column.unit)];
      return Number.isNaN(low) || Number.isNaN(high) ? undefined : (row) => value(row) >= low && value(row) <= high;
    }
    const match = /^(<=|>=|<|>|=)?\s*(.*)$/.exec(trimmed);
    const number = parse(match[2], column.unit);
    if (Number.isNaN(number)) return match[1] ? undefined : contains;
    const near = (row) => Math.abs(value(row) - number) <= 0.005 * Math.abs(number);  // what three printed digits can say
    return { '<': (row) => value(row) < number, '<=': (row) => value(row) <= number, '>': (row) => value(row) > number, '>=': (row) => value(row) >= number }[match[1]] ?? near;
  }
  function applyFilters() {
    const tests = [];
    for (const column of [idColumn, ...metrics, ...knobs]) {
      const made = test(column, filters.get(column.name) ?? '');
      frame.querySelector(`input[data-column="${CSS.escape(column.name)}"]`)?.setAttribute('aria-invalid', made === undefined ? 'true' : 'false');
      if (made) tests.push(made);
    }
    if (tests.length === 0) return state.filter('table', null);
    const mask = new Uint8Array(rows);
    for (let row = 0; row < rows; row += 1) mask[row] = tests.every((passes) => passes(row)) ? 1 : 0;
    return state.filter('table', mask);
  }

  function sortRows() {
    const { column, descending } = sort;
    order = [];
    for (let row = 0; row < rows; row += 1) if (state.passes[row] === 1) order.push(row);
    const place = column.choices && !column.numeric ? new Map(column.choices.map((value, i) => [value, i])) : null;
    const key = place ? (row) => place.get(column.values[row]) : (row) => column.values[row];
    const sign = descending ? -1 : 1;
    order.sort((a, b) => {
      const [p, q] = [key(a), key(b)];
      if (p === q) return a - b;
      if (p === null || p === undefined) return 1;  // missing values last, either way
      if (q === null || q === undefined) return -1;
      return p < q ? -sign : sign;
    });
    focused = Math.max(0, order.indexOf(state.selected));
  }

  function drawHead() {
    const widths = columns.map(widthOf);
    const starts = new Set([objectives[0]?.name, columns.find((c) => c.role === 'metric' && !c.objective)?.name, knobs[0]?.name]);
    columns.forEach((column) => { column.starts = starts.has(column.name); });
    const classes = (column) => `${column.numeric ? 'number' : ''} ${column.starts ? 'group-start' : ''}`;
    const hint = (column) => (column.objective ? `<small>${column.direction === 'max' ? 'maximise' : 'minimise'}</small>` : column.role === 'knob' ? '<small>knob</small>' : column.role === 'metric' ? '<small>metric</small>' : '<small>◆ knee</small>');
    frame.innerHTML =
      `<table class="designs" role="grid" aria-rowcount="${order.length + 2}" aria-label="Designs on the front" style="width:${widths.reduce((a, b) => a + b, 0)}px; min-width:100%">` +
      `<colgroup>${widths.map((width) => `<col style="width:${width}px">`).join('')}</colgroup><thead><tr aria-rowindex="1">` +
      columns.map((c, i) => `<th scope="col" class="${classes(c)}" aria-sort="none"><button type="button" data-index="${i}">${escape(c.label)}<span class="mark"></span>${hint(c)}</button></th>`).join('') +
      `</tr><tr class="filters screen-only" aria-rowindex="2">` +
      columns.map((c) => `<th class="${c.starts ? 'group-start' : ''}"><input type="text" data-column="${escape(c.name)}" aria-label="Filter ${escape(c.label)}" placeholder="${c.numeric ? '&lt; &gt; ..' : 'contains'}" value="${escape(filters.get(c.name) ?? '')}" spellcheck="false" autocomplete="off"></th>`).join('') +
      '</tr></thead><tbody></tbody></table><p class="print-note"></p>';
    body = frame.querySelector('tbody');
    const head = frame.querySelector('thead tr');
    frame.style.setProperty('--head-height', `${head.offsetHeight}px`);
  }
  function markSort() {
    frame.querySelectorAll('thead tr:first-child th').forEach((cell, i) => {
      cell.setAttribute('aria-sort', columns[i] === sort.column ? (sort.descending ? 'descending' : 'ascending') : 'none');
    });
  }

  let drawn = [-1, -1];
  function drawRows(force = false) {
    const printing = document.documentElement.classList.contains('printing');
    let from = 0;
    let to = order.length;
    if (printing) to = Math.min(to, kPrinted);
    else if (order.length > kDrawAll) {
      from = Math.max(0, Math.floor(frame.scrollTop / kRowHeight) - 12);
      to = Math.min(order.length, from + Math.ceil(frame.clientHeight / kRowHeight) + 24);
    }
    if (!force && from === drawn[0] && to === drawn[1]) return;
    drawn = [from, to];
    const hadFocus = body.contains(document.activeElement);
    const cells = (row) => columns.map((c) => `<td class="${c.numeric ? 'number' : ''}${c.starts ? ' group-start' : ''}">${escape(c.text(row))}</td>`).join('');
    const spacer = (height) => (height > 0 && !printing ? `<tr class="spacer" aria-hidden="true"><td colspan="${columns.length}" style="height:${height}px"></td></tr>` : '');
    const reachable = focused >= from && focused < to ? focused : from;  // Tab needs a row that is drawn
    let html = spacer(from * kRowHeight);
    for (let i = from; i < to; i += 1) {
      const row = order[i];
      html += `<tr data-row="${row}" data-place="${i}" aria-rowindex="${i + 3}" aria-selected="${row === state.selected}" tabindex="${i === reachable ? 0 : -1}">${cells(row)}</tr>`;
    }
    body.innerHTML = html + spacer((order.length - to) * kRowHeight);
    if (hadFocus) body.querySelector(`tr[data-place="${focused}"]`)?.focus({ preventScroll: true });
    frame.querySelector('.print-note').textContent = order.length > to ? `The first ${to} of ${integer(order.length)} rows in this order; pareto.csv has them all.` : '';
  }
  function refresh() {
    sortRows();
    frame.querySelector('table').setAttribute('aria-rowcount', String(order.length + 2));
    markSort();
    drawRows(true);
    document.getElementById('table-count').textContent = order.length === rows ? `${integer(rows)} designs` : `${integer(order.length)} of ${integer(rows)} designs`;
  }
  function rebuild() {
    chooseColumns();
    if (!columns.includes(sort.column)) sort = { column: columns[1] ?? idColumn, descending: false };
    drawHead();
    refresh();
  }
  function reveal(row) {
    const at = order.indexOf(row);
    if (at < 0) return;
    const head = frame.querySelector('thead').offsetHeight;
    const top = at * kRowHeight;
    if (top < frame.scrollTop) frame.scrollTop = top;
    else if (top + kRowHeight + head > frame.scrollTop + frame.clientHeight) frame.scrollTop = top + kRowHeight + head - frame.clientHeight;
  }
  function focusPlace(at) {
    focused = Math.max(0, Math.min(order.length - 1, at));
    reveal(order[focused]);
    drawRows(true);
    body.querySelector(`tr[data-place="${focused}"]`)?.focus({ preventScroll: true });
  }

  frame.addEventListener('scroll', () => drawRows());
  frame.addEventListener('click', (event) => {
    const button = event.target.closest('thead button');
    if (button) {
      const column = columns[Number(button.dataset.index)];
      sort = { column, descending: sort.column === column ? !sort.descending : column.direction === 'max' };
      frame.scrollTop = 0;
      refresh();
      return;
    }
    const row = event.target.closest('tbody tr[data-row]');
    if (row) state.select(Number(row.dataset.row));
  });
  frame.addEventListener('keydown', (event) => {
    const row = event.target.closest?.('tbody tr[data-row]');
    if (!row) return;
    const at = Number(row.dataset.place);
    const steps = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + 12, PageUp: at - 12, Home: 0, End: order.length - 1 };
    if (event.key in steps) { event.preventDefault(); focusPlace(steps[event.key]); }
    if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); state.select(Number(row.dataset.row)); }
  });
  frame.addEventListener('input', (event) => {
    const name = event.target.dataset?.column;
    if (name === undefined) return;
    filters.set(name, event.target.value);
    applyFilters();
  });
  frame.addEventListener('mouseover', (event) => {
    const row = event.target.closest('tbody tr[data-row]');
    state.hover(row ? Number(row.dataset.row) : -1, 'table');
  });
  frame.addEventListener('mouseleave', () => state.hover(-1, 'table'));
  document.getElementById('all-metrics').addEventListener('change', rebuild);
  document.getElementById('clear-filters').addEventListener('click', () => {
    filters.clear();
    page.clearBrush?.();
    rebuild();
    state.filter('brush', null);
    state.filter('table', null);
  });

  state.on('filter', () => { frame.scrollTop = 0; refresh(); });
  state.on('select', (row) => {
    focused = Math.max(0, order.indexOf(row));
    reveal(row);
    drawRows(true);
  });
  state.on('hover', (row) => {
    body.querySelector('tr.hovered')?.classList.remove('hovered');
    if (row >= 0) body.querySelector(`tr[data-row="${row}"]`)?.classList.add('hovered');
  });
  page.charts.onTheme(() => drawRows(true));
  rebuild();
  reveal(state.selected);
})();
