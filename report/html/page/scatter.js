// The Pareto scatter: any two columns as axes, two more as colour and size, linked to the table.
(() => {
  'use strict';
  const page = globalThis.cairnPage;
  const { escape, wrap } = page.format;
  const { data, state, charts } = page;
  const { document: doc, rows, objectives, metrics, knobs, varying, byName, id } = data;
  if (rows === 0) return;

  const axisColumns = [...objectives, ...metrics.filter((m) => !m.objective), ...knobs.filter((k) => k.numeric)];
  const colourColumns = [...objectives, ...metrics.filter((m) => !m.objective), ...varying];
  const first = objectives[0] ?? metrics[0];
  const settings = {
    x: first, y: objectives[1] ?? metrics.find((m) => m !== first) ?? first, colour: objectives[2] ?? varying[0] ?? null, size: null,
    logX: false, logY: false, cloud: true,
  };
  settings.logX = settings.x.wide;
  settings.logY = settings.y.wide;

  const form = document.getElementById('scatter-controls');
  const options = (columns, chosen, none) => (none ? `<option value="">${none}</option>` : '') +
    columns.map((c) => `<option value="${escape(c.name)}"${c === chosen ? ' selected' : ''}>${escape(c.label)}</option>`).join('');
  form.innerHTML =
    `<span class="axis"><label>x <select id="axis-x">${options(axisColumns, settings.x)}</select></label><label class="check"><input type="checkbox" id="log-x"> log</label></span>` +
    `<span class="axis"><label>y <select id="axis-y">${options(axisColumns, settings.y)}</select></label><label class="check"><input type="checkbox" id="log-y"> log</label></span>` +
    `<label>colour <select id="axis-colour">${options(colourColumns, settings.colour, 'one colour')}</select></label>` +
    `<label>size <select id="axis-size">${options(axisColumns, settings.size, 'equal')}</select></label>` +
    `<label class="check"><input type="checkbox" id="show-cloud" checked> other points</label>`;
  const control = (name) => document.getElementById(name);
  form.addEventListener('submit', (event) => event.preventDefault());
  form.addEventListener('change', (event) => {
    const { id: name, value, checked } = event.target;
    if (name === 'axis-x') { settings.x = byName.get(value); settings.logX = settings.x.wide; }
    if (name === 'axis-y') { settings.y = byName.get(value); settings.logY = settings.y.wide; }
    if (name === 'axis-colour') settings.colour = byName.get(value) ?? null;
    if (name === 'axis-size') settings.size = byName.get(value) ?? null;
    if (name === 'log-x') settings.logX = checked;
    if (name === 'log-y') settings.logY = checked;
    if (name === 'show-cloud') settings.cloud = checked;
    draw();
  });

  const canLog = (column) => column.range !== null && column.range[0] > 0;
  const better = (column, vertical) => {
    if (!column.objective || column.direction === 'none') return column.label;
    const arrow = column.direction === 'min' ? (vertical ? '↓' : '←') : vertical ? '↑' : '→';
    return `${column.label}  (${arrow} better)`;
  };

  let chart = null;
  let shown = [];  // rows of the front series, in its order
  const place = new Int32Array(rows);  // row -> index in `shown`, or -1

  /** Which points of the background have a value on both axes: only objectives are stored for them. */
  function cloudPoints(feasible) {
    const { cloud } = doc;
    const xs = cloud?.metrics?.[settings.x.name];
    const ys = cloud?.metrics?.[settings.y.name];
    if (!settings.cloud || !xs || !ys) return [];
    const points = [];
    for (let i = 0; i < xs.length; i += 1) {
      if ((cloud.feasible[i] === 1) !== feasible || xs[i] === null || ys[i] === null) continue;
      if ((settings.logX && xs[i] <= 0) || (settings.logY && ys[i] <= 0)) continue;
      points.push([xs[i], ys[i]]);
    }
    return points;
  }
  const around = (column, log, index, clouds) => {
    let [low, high] = column.range ?? [0, 1];
    for (const points of clouds) {
      const range = data.extent(points.map((point) => point[index]));
      if (range) { low = Math.min(low, range[0]); high = Math.max(high, range[1]); }
    }
    if (low === high) { low = low * 0.9 - (low === 0 ? 1 : 0); high = high * 1.1 + (high === 0 ? 1 : 0); }
    return log ? [low, high] : [low, high];
  };

  /** The values of a column that has few, in the order of the study; a missing one comes last. */
  const orderOf = (column, distinct) => {
    const present = column.choices ? column.choices.filter((v) => distinct.includes(v)) : distinct.filter((v) => v !== null).sort((a, b) => a - b);
    return distinct.includes(null) ? [...present, null] : present;
  };
  function visualMap(theme) {
    const common = { right: 0, top: 16, padding: 0, dimension: 2, seriesIndex: 2, textStyle: { color: theme.muted, fontSize: 11.5 }, show: true };
    const { colour } = settings;
    if (colour === null) return null;
    const distinct = [...new Set(colour.values)];
    if (!colour.numeric || distinct.length <= 10) {
      const order = orderOf(colour, distinct);
      const ramp = (i) => (colour.numeric ? echarts.color.lerp(order.length > 1 ? i / (order.length - 1) : 0, theme.ramp) : theme.categories[i % theme.categories.length]);
      return { ...common, top: 24 + 15 * wrap(colour.label).split('\n').length, type: 'piecewise', selectedMode: false, itemSymbol: 'circle', itemGap: 6, orient: 'vertical', align: 'right',
        pieces: order.map((value, i) => ({ value: i, label: colour.show(value), color: ramp(i) })) };
    }
    const log = colour.wide;
    const [low, high] = colour.range.map((v) => (log ? Math.log10(v) : v));
    return { ...common, type: 'continuous', min: low, max: high, calculable: false, hoverLink: false, itemWidth: 12, itemHeight: 220, inRange: { color: theme.ramp }, outOfRange: { color: [theme.faintPoint] },
      text: [`${wrap(colour.label)}\n\n${colour.show(colour.range[1])}`, colour.show(colour.range[0])], textGap: 8 };
  }
  /** The third dimension of a point: its colour value, or the index of its choice. */
  function colourValue() {
    const { colour } = settings;
    if (colour === null) return () => 0;
    const distinct = [...new Set(colour.values)];
    if (!colour.numeric || distinct.length <= 10) {
      const order = orderOf(colour, distinct);
      const index = new Map(order.map((value, i) => [value, i]));
      return (row) => index.get(colour.values[row]);
    }
    return colour.wide ? (row) => Math.log10(colour.values[row]) : (row) => colour.values[row];
  }
  /** Best reachable trade-off of the two axes alone: a staircase through the front. */
  function staircase() {
    const { x, y } = settings;
    if (!x.objective || !y.objective || x === y || x.direction === 'none' || y.direction === 'none') return [];
    const sx = x.direction === 'max' ? -1 : 1;
    const sy = y.direction === 'max' ? -1 : 1;
    const order = shown.filter((row) => Number.isFinite(x.values[row]) && Number.isFinite(y.values[row])).sort((a, b) => sx * (x.values[a] - x.values[b]) || sy * (y.values[a] - y.values[b]));
    const line = [];
    let best = Infinity;
    for (const row of order) {
      if (sy * y.values[row] < best) {
        best = sy * y.values[row];
        line.push([x.values[row], y.values[row]]);
      }
    }
    return line;
  }
  const point = (row) => [settings.x.values[row], settings.y.values[row]];

  function tip(row) {
    const line = (c) => `<tr><td>${escape(c.label)}</td><td>${escape(c.text(row))}</td></tr>`;
    const few = varying.slice(0, 8);
    return `<div class="tip"><b>Design ${escape(id[row])}</b>${row === data.knee ? ' (knee)' : ''}<table>${objectives.map(line).join('')}</table><table>${few.map(line).join('')}</table>` +
      `${varying.length > few.length ? `and ${varying.length - few.length} more knobs` : ''}</div>`;
  }
  page.designTip = tip;

  function option(theme) {
    const { x, y, size } = settings;
    const feasible = cloudPoints(true);
    const infeasible = cloudPoints(false);
    const rangeX = around(x, settings.logX, 0, [feasible, infeasible]);
    const rangeY = around(y, settings.logY, 1, [feasible, infeasible]);
    shown = [];
    const dimmed = [];
    place.fill(-1);
    for (let row = 0; row < rows; row += 1) {
      if (state.passes[row] === 1) { place[row] = shown.length; shown.push(row); } else dimmed.push(point(row));
    }
    const colour = colourValue();
    const radius = rows > 2000 ? 7 : rows > 500 ? 8 : 9;
    const sizeOf = size === null || size.range === null || size.range[0] === size.range[1] ? () => radius
      : (row) => 6 + 18 * Math.sqrt(Math.max(0, (size.values[row] - size.range[0]) / (size.range[1] - size.range[0])));
    const map = visualMap(theme);
    return {
      ...charts.base(),
      title: map?.type === 'piecewise' ? { text: wrap(settings.colour.label), right: 0, top: 16, padding: 0, textStyle: { lineHeight: 15, fontSize: 12, fontWeight: 400, color: theme.muted, fontFamily: theme.font } } : undefined,
      grid: { left: 82, right: map ? (map.type === 'piecewise' ? 124 : 104) : 24, top: 16, bottom: 52 },
      tooltip: { ...charts.tooltip(), trigger: 'item', formatter: (item) => (item.seriesId === 'front' ? tip(shown[item.dataIndex]) : '') },
      xAxis: charts.valueAxis({ range: rangeX, log: settings.logX, unit: x.unit, show: x.role === 'knob' ? x.show : undefined, name: better(x, false) }),
      yAxis: charts.valueAxis({ range: rangeY, log: settings.logY, unit: y.unit, show: y.role === 'knob' ? y.show : undefined, name: better(y, true), vertical: true }),
      visualMap: map ? [map] : [],
      series: [
        { id: 'infeasible', type: 'scatter', data: infeasible, symbolSize: 3, large: true, largeThreshold: 500, silent: true, itemStyle: { color: theme.infeasiblePoint }, z: 1 },
        { id: 'feasible', type: 'scatter', data: feasible, symbolSize: 3, large: true, largeThreshold: 500, silent: true, itemStyle: { color: theme.faintPoint }, z: 1 },
        { id: 'front', name: 'front', type: 'scatter', data: shown.map((row) => ({ value: [...point(row), colour(row), row], symbolSize: sizeOf(row) })), dimensions: ['x', 'y', 'colour', 'row'], encode: { x: 'x', y: 'y' },
          itemStyle: { color: theme.categories[0], opacity: 0.92, borderColor: theme.surface, borderWidth: 0.8 }, emphasis: { scale: 1.5, itemStyle: { borderColor: theme.text, borderWidth: 1.5, opacity: 1 } }, z: 4 },
        { id: 'dimmed', type: 'scatter', data: dimmed, symbolSize: 4, silent: true, itemStyle: { color: theme.faintPoint, opacity: 0.6 }, z: 2 },
        { id: 'staircase', type: 'line', data: staircase(), step: 'end', symbol: 'none', silent: true, lineStyle: { color: theme.muted, width: 1.2, type: [5, 4] }, z: 3 },
        ...refinedSeries(theme),
        selectedSeries(theme),
      ],
    };
  }
  /** Designs of the front at cycle level: a diamond, joined to the analytical point. */
  function refinedSeries(theme) {
    const { x, y } = settings;
    const pairs = page.refined.filter((entry) => entry.row >= 0 && state.passes[entry.row] === 1 && Number.isFinite(entry.cycle[x.name] ?? (x.role === 'knob' ? x.values[entry.row] : NaN)) && Number.isFinite(entry.cycle[y.name] ?? (y.role === 'knob' ? y.values[entry.row] : NaN)))
      .map((entry) => ({ row: entry.row, at: [entry.cycle[x.name] ?? x.values[entry.row], entry.cycle[y.name] ?? y.values[entry.row]] }));
    if (pairs.length === 0) return [];
    return [
      { id: 'refined', type: 'scatter', symbol: 'diamond', symbolSize: 11, silent: true, z: 5, data: pairs.map((pair) => pair.at), itemStyle: { color: 'transparent', borderColor: theme.text, borderWidth: 1.3, opacity: 1 } },
      { id: 'refined-lines', type: 'lines', coordinateSystem: 'cartesian2d', silent: true, z: 5, data: pairs.map((pair) => ({ coords: [point(pair.row), pair.at] })), lineStyle: { color: theme.text, width: 1, opacity: 0.7 } },
    ];
  }
  function selectedSeries(theme) {
    const row = state.selected;
    return { id: 'selected', type: 'scatter', silent: true, z: 6, symbol: 'circle', symbolSize: 19, data: row < 0 ? [] : [point(row)],
      itemStyle: { color: 'transparent', borderColor: theme.selected, borderWidth: 2.5, opacity: 1 },
      label: { show: true, position: 'top', distance: 4, formatter: row < 0 ? '' : `design ${id[row]}`, color: theme.selected, fontWeight: 650, fontSize: 12, textBorderColor: theme.surface, textBorderWidth: 3 } };
  }
  function draw() {
    if (!canLog(settings.x)) settings.logX = false;
    if (!canLog(settings.y)) settings.logY = false;
    for (const [name, column, on] of [['log-x', settings.x, settings.logX], ['log-y', settings.y, settings.logY]]) {
      control(name).checked = on;
      control(name).disabled = !canLog(column);
    }
    chart.setOption(option(page.theme), { notMerge: true });
    const background = doc.cloud?.metrics?.[settings.x.name] && doc.cloud?.metrics?.[settings.y.name];
    const sampled = doc.cloud ? doc.cloud.feasible.length : 0;
    document.getElementById('scatter-note').textContent =
      `${page.format.integer(shown.length)} designs of the front in colour.` +
      (background && settings.cloud && sampled > 0 ? ` Small dots: ${page.format.integer(sampled)} of ${page.format.integer(doc.counts.points)} ${doc.cloud.feasible.includes(0) ? 'evaluated points (grey feasible, reddish infeasible)' : 'evaluated points, feasible ones'}.` : sampled > 0 && settings.cloud ? ' Other points are stored for objectives only.' : '') +
      (settings.x.objective && settings.y.objective && settings.x !== settings.y ? ' Dashed: the best of these two axes alone; designs behind it are better in another objective.' : '');
  }

  chart = charts.add('scatter', (made) => { chart = made; draw(); }, { first: true, fine: rows <= 1500 });
  chart.on('click', { seriesId: 'front' }, (item) => state.select(shown[item.dataIndex]));
  chart.on('mouseover', { seriesId: 'front' }, (item) => state.hover(shown[item.dataIndex], 'scatter'));
  chart.on('mouseout', { seriesId: 'front' }, () => state.hover(-1, 'scatter'));
  state.on('select', () => chart.setOption({ series: [selectedSeries(page.theme)] }));
  state.on('filter', draw);
  let lit = -1;
  state.on('hover', (row, from) => {
    if (from === 'scatter') return;
    if (lit >= 0) chart.dispatchAction({ type: 'downplay', seriesId: 'front', dataIndex: lit });
    lit = row >= 0 ? place[row] : -1;
    if (lit >= 0) chart.dispatchAction({ type: 'highlight', seriesId: 'front', dataIndex: lit });
  });
  page.scatter = { chart: () => chart, rows: () => chart.getOption().series.find((series) => series.id === 'front').data.length, rowAt: (index) => shown[index] };
})();
