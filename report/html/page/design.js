// One design in detail: the card beside the scatter, and the breakdown section.
(() => {
  'use strict';
  const page = globalThis.cairnPage;
  const { escape, quantity, digits, percent, integer } = page.format;
  const { data, state, charts } = page;
  const { document: doc, rows, id, knobs, objectives, metrics, knee } = data;
  const at = (name) => document.getElementById(name);
  if (rows === 0) return;

  const names = doc.details?.bottleneck_names ?? [];
  const limitColour = (index) => page.theme.categories[index % page.theme.categories.length];
  const workloads = [...new Set((doc.details?.operators ?? []).map((operator) => operator.workload))];
  const kLargest = 20;
  const view = { workload: workloads.at(-1) ?? null, order: 'execution', all: false };

  // ---- the card -----------------------------------------------------------------------------
  function drawCard(row) {
    at('selected-title').innerHTML = `Design ${escape(id[row])}${row === knee ? ' <span class="badge">knee</span>' : ''}`;
    const best = (metric) => (metric.direction === 'max' ? metric.range?.[1] : metric.range?.[0]);
    const against = (metric) => {
      const value = metric.values[row];
      const reference = best(metric);
      if (!metric.objective || !(reference > 0) || !(value > 0)) return '';
      const ratio = metric.direction === 'max' ? reference / value : value / reference;
      return ratio < 1.0005 ? 'best' : `${digits(ratio)}× best`;
    };
    const others = metrics.filter((metric) => !metric.objective);
    const body = (list) => list.map((metric) => `<tr><th scope="row">${escape(metric.label)}</th><td>${escape(metric.text(row))}</td><td class="against">${against(metric)}</td></tr>`).join('');
    const plain = (list) => list.map((column) => `<tr><th scope="row">${escape(column.label)}</th><td>${escape(column.text(row))}</td></tr>`).join('');
    at('selected-body').innerHTML =
      `<table class="values"><caption>Objectives</caption>${body(objectives)}</table>` +
      `<table class="values"><caption>Knobs</caption>${plain(knobs)}</table>` +
      (others.length > 0 ? `<table class="values"><caption>Other metrics</caption>${plain(others)}</table>` : '');
  }

  // ---- operators ----------------------------------------------------------------------------
  const workloadOperators = (row) => data.operatorsOf(row)?.filter((operator) => operator.workload === view.workload) ?? null;

  function chosenOperators(row) {
    const operators = workloadOperators(row);
    const order = view.order === 'latency' ? [...operators].sort((a, b) => b.latency_s - a.latency_s) : operators;
    if (view.all || order.length <= kLargest) return { shown: order, hidden: [] };
    const keep = new Set([...operators].sort((a, b) => b.latency_s - a.latency_s).slice(0, kLargest));
    return { shown: order.filter((operator) => keep.has(operator)), hidden: order.filter((operator) => !keep.has(operator)) };
  }
  const operatorLabel = (operator) => (operator.count > 1 ? `${operator.name} ×${operator.count}` : operator.name);
  const breakable = (text) => escape(text).replace(/[+_/.]/g, '$&<wbr>');
  const sum = (list, key) => list.reduce((total, item) => total + item[key], 0);

  function drawOperators(chart, theme) {
    const row = state.selected;
    const { shown, hidden } = chosenOperators(row);
    const total = sum(workloadOperators(row), 'latency_s');
    const height = shown.length * 24 + 68;
    const element = at('operators-chart');
    if (element.clientHeight !== height) { element.style.height = `${height}px`; chart.resize(); }
    const width = element.clientWidth;
    const left = Math.min(230, Math.max(110, Math.max(...shown.map((o) => operatorLabel(o).length)) * 7.3 + 14), width * 0.34);
    const gap = 30;
    const end = 66;  // room for the number after the longest bar
    const panel = (width - left - 16 - 2 * gap) / (0.44 + 0.34 + 0.22);
    const widths = [0.44, 0.34, 0.22].map((part) => part * panel);
    const lefts = [left, left + widths[0] + gap, left + widths[0] + widths[1] + 2 * gap];
    const labels = shown.map(operatorLabel);
    const panels = [
      { key: 'latency_s', title: 'Latency', unit: 's' },
      { key: 'energy_j', title: 'Energy', unit: 'J' },
      { key: 'utilization', title: 'Utilisation', unit: '%', max: 1 },
    ];
    const show = (value, unit, trim = false) => (unit !== '%' ? quantity(value, unit, 3, trim) : trim ? `${digits(value * 100, 3, true)} %` : percent(value * 100));
    chart.setOption({
      ...charts.base(),
      grid: panels.map((_, i) => ({ left: lefts[i], width: widths[i] - end, top: 32, bottom: 30 })),
      title: panels.map((p, i) => ({ text: p.title, left: lefts[i], top: 6, padding: 0, textStyle: { fontSize: 12.5, fontWeight: 600, color: theme.text, fontFamily: theme.font } })),
      tooltip: { ...charts.tooltip(), trigger: 'item', formatter: (item) => operatorTip(shown[item.dataIndex], total) },
      xAxis: panels.map((p, i) => ({ gridIndex: i, type: 'value', min: 0, max: p.max, interval: p.max ? p.max / 2 : undefined, splitNumber: 3, axisLabel: { color: theme.muted, fontSize: 11, hideOverlap: true, formatter: (value) => show(value, p.unit, true) }, splitLine: { lineStyle: { color: theme.grid } }, axisLine: { show: false } })),
      yAxis: panels.map((_, i) => ({ gridIndex: i, type: 'category', data: labels, inverse: true, axisTick: { show: false }, axisLine: { lineStyle: { color: theme.border } }, axisLabel: { show: i === 0, color: theme.text, fontSize: 11.5, width: left - 14, overflow: 'truncate', interval: 0 } })),
      series: panels.map((p, i) => ({
        type: 'bar', xAxisIndex: i, yAxisIndex: i, barMaxWidth: 15, barCategoryGap: '28%', cursor: 'default',
        data: shown.map((operator) => ({ value: operator[p.key], itemStyle: { color: i === 1 ? theme.categories[7] : limitColour(operator.bottleneck) } })),
        label: { show: true, position: 'right', color: theme.muted, fontSize: 11, formatter: (item) => show(item.value, p.unit) },
        emphasis: { itemStyle: { opacity: 0.8 } },
      })),
    }, { notMerge: true });
    const used = [...new Set(shown.map((operator) => operator.bottleneck))].sort((a, b) => a - b);
    at('operators-legend').innerHTML = used.map((index) => `<li><span class="swatch" style="background:${limitColour(index)}"></span>limited by ${escape(names[index])}</li>`).join('') + `<li><span class="swatch" style="background:${theme.categories[7]}"></span>energy</li>`;
    at('operators-note').textContent = 'Totals over all repetitions of an operator (×count); utilisation is of the peak rate of the compute units.' +
      (hidden.length > 0 ? ` Not drawn: ${hidden.length} smaller operators with ${quantity(sum(hidden, 'latency_s'), 's')} and ${quantity(sum(hidden, 'energy_j'), 'J')} together.` : '');
  }
  function operatorTip(operator, total) {
    const line = (name, value) => `<tr><td>${name}</td><td>${escape(value)}</td></tr>`;
    return `<div class="tip"><b>${escape(operatorLabel(operator))}</b> (${escape(operator.kind)})<table>` +
      line('latency', `${quantity(operator.latency_s, 's')}, ${percent((100 * operator.latency_s) / total)}`) + line('energy', quantity(operator.energy_j, 'J')) +
      line('utilisation', percent(operator.utilization * 100)) + line('limited by', names[operator.bottleneck]) + line('DRAM traffic', quantity(operator.dram_bytes, 'B')) + line('operations', quantity(operator.operations, 'op')) + '</table></div>';
  }
  function drawOperatorTable(row) {
    const operators = workloadOperators(row);
    const ordered = view.order === 'latency' ? [...operators].sort((a, b) => b.latency_s - a.latency_s) : operators;
    const [latency, energy] = [sum(operators, 'latency_s'), sum(operators, 'energy_j')];
    const part = (value, total) => (total > 0 ? (100 * value) / total : 0);
    const bar = (percent, colour) => `<span class="bar"><i style="width:${Math.min(100, percent).toFixed(1)}%;background:${colour}"></i></span>`;
    const hasMapping = operators.some((operator) => operator.mapping !== '');
    at('operators-table').innerHTML =
      `<table class="plain"><thead><tr><th scope="col">Operator</th><th scope="col">Kind</th><th scope="col" class="number">Count</th><th scope="col" class="number">Latency</th><th scope="col" class="number">Share</th><th scope="col" class="number">Energy</th><th scope="col" class="number">Utilisation</th><th scope="col">Limited by</th><th scope="col" class="number">DRAM traffic</th><th scope="col" class="number">Operations</th>${hasMapping ? '<th scope="col">Mapping</th>' : ''}</tr></thead><tbody>` +
      ordered.map((o) => `<tr><td class="name">${breakable(o.name)}</td><td>${escape(o.kind)}</td><td class="number">${integer(o.count)}</td><td class="number">${quantity(o.latency_s, 's')}</td>` +
        `<td class="number">${percent(part(o.latency_s, latency))}${bar(part(o.latency_s, latency), limitColour(o.bottleneck))}</td><td class="number">${quantity(o.energy_j, 'J')}</td><td class="number">${percent(o.utilization * 100)}</td>` +
        `<td><span class="swatch" style="background:${limitColour(o.bottleneck)}"></span>${escape(names[o.bottleneck])}</td><td class="number">${quantity(o.dram_bytes, 'B')}</td><td class="number">${quantity(o.operations, 'op')}</td>${hasMapping ? `<td class="mapping">${escape(o.mapping)}</td>` : ''}</tr>`).join('') +
      `</tbody><tfoot><tr><th scope="row">Sum</th><td></td><td></td><td class="number">${quantity(latency, 's')}</td><td></td><td class="number">${quantity(energy, 'J')}</td><td></td><td></td><td class="number">${quantity(sum(operators, 'dram_bytes'), 'B')}</td><td class="number">${quantity(sum(operators, 'operations'), 'op')}</td>${hasMapping ? '<td></td>' : ''}</tr></tfoot></table>`;
  }

  // ---- energy and area ------------------------------------------------------------------------
  /** Horizontal stacks, each scaled to its own total, which is written after it. */
  function drawStacks(element, chart, theme, stacks, components, unit) {
    const order = components.map((_, c) => c).filter((c) => stacks.some((stack) => stack.values[c] > 0));
    const legendRows = Math.ceil((order.reduce((total, c) => total + components[c].length * 7.2 + 30, 0) * 1.1) / element.clientWidth);
    const height = stacks.length * 46 + 40 + legendRows * 20;
    if (element.clientHeight !== height) { element.style.height = `${height}px`; chart.resize(); }
    const totals = stacks.map((stack) => stack.values.reduce((a, b) => a + b, 0));
    const left = stacks.length > 1 || stacks[0].name ? Math.max(...stacks.map((stack) => stack.name.length)) * 7.4 + 14 : 8;
    chart.setOption({
      ...charts.base(),
      grid: { left, right: 96, top: 6, bottom: 26 + legendRows * 20 },
      legend: { bottom: 0, left: 0, itemWidth: 10, itemHeight: 10, itemGap: 12, textStyle: { color: theme.muted, fontSize: 12 }, selectedMode: false, data: order.map((c) => components[c]) },
      tooltip: { ...charts.tooltip(), trigger: 'item', formatter: (item) => `<div class="tip"><b>${escape(item.seriesName)}</b><br>${quantity(item.data.amount, unit)}, ${percent(item.value)}${stacks[item.dataIndex].name ? ` of ${escape(stacks[item.dataIndex].name)}` : ''}</div>` },
      xAxis: { type: 'value', min: 0, max: 100, axisLabel: { color: theme.muted, fontSize: 11, formatter: '{value} %' }, splitLine: { lineStyle: { color: theme.grid } } },
      yAxis: [{ type: 'category', inverse: true, data: stacks.map((stack) => stack.name), axisTick: { show: false }, axisLine: { show: false }, axisLabel: { color: theme.text, fontSize: 12 } },
        { type: 'category', inverse: true, position: 'right', data: totals.map((total) => quantity(total, unit)), axisTick: { show: false }, axisLine: { show: false }, axisLabel: { color: theme.text, fontSize: 13, fontWeight: 650 } }],
      series: order.map((c) => ({
        name: components[c], type: 'bar', stack: 'all', barWidth: 26, cursor: 'default', itemStyle: { color: theme.categories[c % theme.categories.length], borderColor: theme.surface, borderWidth: 1 },
        data: stacks.map((stack, i) => ({ value: totals[i] > 0 ? (100 * stack.values[c]) / totals[i] : 0, amount: stack.values[c] })),
        label: { show: true, color: charts.inkOn(theme.categories[c % theme.categories.length]), fontSize: 11, fontWeight: 600, formatter: (item) => (item.value >= 9 ? `${Math.round(item.value)} %` : '') },
      })),
    }, { notMerge: true });
  }
  const drawEnergy = (chart, theme) => drawStacks(at('energy-chart'), chart, theme, data.energyOf(state.selected).map((e) => ({ name: e.workload, values: e.values })), doc.energy.components, doc.energy.unit ?? 'J');
  const drawArea = (chart, theme) => drawStacks(at('area-chart'), chart, theme, [{ name: '', values: data.areaOf(state.selected) }], doc.area.components, doc.area.unit ?? 'mm2');

  // ---- roofline -------------------------------------------------------------------------------
  function drawRoofline(chart, theme) {
    const roof = data.rooflineOf(state.selected);
    const operators = workloadOperators(state.selected).filter((o) => o.operations > 0 && o.dram_bytes > 0 && o.latency_s > 0);
    const total = sum(operators, 'latency_s');
    const dots = operators.map((o) => ({ operator: o, x: o.operations / o.dram_bytes, y: o.operations / o.latency_s, share: o.latency_s / total }));
    const ridge = roof.peak / roof.bandwidth;
    const [lowX, highX] = data.extent([...dots.map((dot) => dot.x), ridge]);
    const x = [lowX / 2, highX * 2.5];
    const lowY = Math.min(...dots.map((dot) => dot.y), roof.bandwidth * x[0]);
    const y = [lowY / 2, roof.peak * 2.2];
    const labelled = new Set([...dots].sort((a, b) => b.share - a.share).slice(0, 6));
    const used = [...new Set(operators.map((o) => o.bottleneck))].sort((a, b) => a - b);
    const label = { color: theme.text, fontFamily: theme.font, fontSize: 12, fontWeight: 600, textBorderColor: theme.surface, textBorderWidth: 3 };
    chart.setOption({
      ...charts.base(),
      grid: { left: 96, right: 24, top: 34, bottom: 52 },
      legend: { top: 0, right: 0, itemWidth: 10, itemHeight: 10, icon: 'circle', selectedMode: false, textStyle: { color: theme.muted, fontSize: 12 }, data: used.map((index) => `limited by ${names[index]}`) },
      tooltip: { ...charts.tooltip(), trigger: 'item', formatter: (item) => (item.data?.operator ? operatorTip(item.data.operator, total) : '') },
      xAxis: charts.valueAxis({ range: x, log: true, unit: 'op/B', show: (v) => digits(v, 3, true), name: 'Operations per DRAM byte (op/B)' }),
      yAxis: charts.valueAxis({ range: y, log: true, unit: 'op/s', name: 'Operations per second', vertical: true, gap: 76 }),
      series: [
        { type: 'line', silent: true, symbol: 'none', z: 2, data: [[x[0], roof.bandwidth * x[0]], [ridge, roof.peak], [x[1], roof.peak]], lineStyle: { color: theme.text, width: 2 },
          markPoint: { silent: true, symbol: 'circle', symbolSize: 0.1, data: [
            { coord: [x[1] * 0.97, roof.peak], label: { ...label, position: 'left', offset: [0, -11], formatter: `peak ${quantity(roof.peak, 'op/s')}` } },
            { coord: [Math.sqrt(x[0] * ridge), roof.bandwidth * Math.sqrt(x[0] * ridge)], label: { ...label, position: 'left', offset: [-6, -8], formatter: `DRAM ${quantity(roof.bandwidth, 'B/s')}` } }] } },
        ...used.map((index) => ({
          name: `limited by ${names[index]}`, type: 'scatter', z: 4, itemStyle: { color: limitColour(index), opacity: 0.9, borderColor: theme.surface, borderWidth: 1 },
          data: dots.filter((dot) => dot.operator.bottleneck === index).map((dot) => ({ value: [dot.x, dot.y], operator: dot.operator, symbolSize: 8 + 26 * Math.sqrt(dot.share),
            label: { show: labelled.has(dot), position: 'bottom', distance: 4, formatter: dot.operator.name, color: theme.text, fontSize: 11.5, textBorderColor: theme.surface, textBorderWidth: 3 } })),
          labelLayout: { hideOverlap: true },
        })),
      ],
    }, { notMerge: true });
  }

  // ---- timeline -------------------------------------------------------------------------------
  function drawTimeline(chart, theme) {
    const tasks = data.timelineOf(state.selected) ?? [];
    const resources = [...new Set(tasks.map((task) => task.resource))];
    const height = resources.length * 40 + 96;
    const element = at('timeline-chart');
    if (element.clientHeight !== height) { element.style.height = `${height}px`; chart.resize(); }
    const taskNames = [...new Set(tasks.map((task) => task.name))];
    const colourOf = new Map(taskNames.map((name, i) => [name, theme.categories[i % theme.categories.length]]));
    chart.setOption({
      ...charts.base(),
      grid: { left: Math.max(...resources.map((name) => name.length), 4) * 7.6 + 20, right: 24, top: 8, bottom: 82 },
      tooltip: { ...charts.tooltip(), trigger: 'item', formatter: (item) => { const t = tasks[item.dataIndex]; return `<div class="tip"><b>${escape(t.name)}</b> on ${escape(t.resource)}<br>${quantity(t.start_s, 's', 4)} to ${quantity(t.end_s, 's', 4)}, ${quantity(t.end_s - t.start_s, 's')}</div>`; } },
      xAxis: { ...charts.valueAxis({ unit: 's', name: 'Time' }), min: 0, scale: false },
      yAxis: { type: 'category', data: resources, inverse: true, axisTick: { show: false }, axisLine: { lineStyle: { color: theme.border } }, axisLabel: { color: theme.text, fontSize: 12 }, splitLine: { show: false } },
      dataZoom: [{ type: 'inside', filterMode: 'weakFilter' }, { type: 'slider', show: !charts.isPrinting(), filterMode: 'weakFilter', height: 18, bottom: 4, borderColor: theme.border, fillerColor: `${theme.accent}22`, textStyle: { color: theme.muted }, labelFormatter: (value) => quantity(value, 's'), showDataShadow: false, brushSelect: false }],
      series: [{
        type: 'custom', encode: { x: [1, 2], y: 0 }, clip: true,
        data: tasks.map((task) => [resources.indexOf(task.resource), task.start_s, task.end_s]),
        renderItem: (params, api) => {
          const [x0, yMiddle] = api.coord([api.value(1), api.value(0)]);
          const [x1] = api.coord([api.value(2), api.value(0)]);
          const barHeight = Math.min(24, api.size([0, 1])[1] * 0.7);
          const area = params.coordSys;
          const shape = echarts.graphic.clipRectByRect({ x: x0, y: yMiddle - barHeight / 2, width: Math.max(0.5, x1 - x0), height: barHeight }, { x: area.x, y: area.y, width: area.width, height: area.height });
          if (!shape) return undefined;
          const { name } = tasks[params.dataIndex];
          return { type: 'rect', shape, style: { fill: colourOf.get(name), stroke: theme.surface, lineWidth: shape.width > 3 ? 0.6 : 0 },
            textContent: shape.width > name.length * 6.2 + 8 ? { style: { text: name, fill: charts.inkOn(colourOf.get(name)), fontSize: 10.5, fontFamily: theme.font } } : undefined, textConfig: { position: 'inside' } };
        },
      }],
    }, { notMerge: true });
  }

  // ---- everything of a design -----------------------------------------------------------------
  const made = new Map();
  function chart(name, draw) {
    if (made.has(name)) draw(made.get(name), page.theme);
    else made.set(name, charts.add(name, (c, theme) => { if (c.getDom().offsetParent !== null) draw(c, theme); }));
  }
  function drawControls() {
    if (workloads.length === 0) return;
    const most = Math.max(...workloads.map((w) => doc.details.operators.filter((o) => o.workload === w).length));
    at('design-controls').innerHTML =
      (workloads.length > 1 ? `<label>workload <select id="workload">${workloads.map((w) => `<option${w === view.workload ? ' selected' : ''}>${escape(w)}</option>`).join('')}</select></label>` : '') +
      '<label>order <select id="operator-order"><option value="execution">execution</option><option value="latency">latency</option></select></label>' +
      (most > kLargest ? `<label>draw <select id="operator-count"><option value="few">largest ${kLargest}</option><option value="all">all operators</option></select></label>` : '');
    at('design-controls').addEventListener('submit', (event) => event.preventDefault());
    at('design-controls').addEventListener('change', (event) => {
      const { id: name, value } = event.target;
      if (name === 'workload') view.workload = value;
      if (name === 'operator-order') view.order = value;
      if (name === 'operator-count') view.all = value === 'all';
      drawDesign(state.selected);
    });
  }
  function explainMissing(row) {
    const other = data.nearestStored(row);
    at('design-missing').innerHTML = other < 0 ? 'This report holds no breakdowns.'
      : `This report holds the breakdown of ${integer(data.stored)} of the ${integer(rows)} designs, and this one is not among them. ` +
        `The most similar one in its objectives that is: <button type="button">design ${escape(id[other])}</button>`;
    at('design-missing').querySelector('button')?.addEventListener('click', () => state.select(other));
  }
  function drawDesign(row) {
    at('design-title').innerHTML = `Design ${escape(id[row])} in detail`;
    at('design-summary').textContent = `${objectives.map((o) => `${o.label} ${o.text(row)}`).join('; ')}.`;
    const present = workloads.length > 0 && data.operatorsOf(row) !== null;
    at('design-missing').hidden = present;
    if (!present) explainMissing(row);
    at('design-body').hidden = !present;
    if (!present) return;
    at('operators-title').textContent = `Operators of ${view.workload}`;
    at('operators-table-title').textContent = `Operators of ${view.workload} and their mapping`;
    chart('operators-chart', drawOperators);
    drawOperatorTable(row);
    const parts = [['energy', data.energyOf(row), drawEnergy], ['area', data.areaOf(row), drawArea], ['roofline', data.rooflineOf(row), drawRoofline], ['timeline', data.timelineOf(row), drawTimeline]];
    for (const [name, value, draw] of parts) {
      at(`${name}-card`).hidden = value === null || value.length === 0;
      if (!at(`${name}-card`).hidden) chart(`${name}-chart`, draw);
    }
    at('energy-card').classList.toggle('alone', at('area-card').hidden);
    at('area-card').classList.toggle('alone', at('energy-card').hidden);
  }
  drawControls();
  const draw = (row) => {
    drawCard(row);
    drawDesign(row);
  };
  drawCard(state.selected);
  setTimeout(() => drawDesign(state.selected));  // below the first screen
  state.on('select', draw);
  charts.onTheme(() => { if (data.operatorsOf(state.selected) !== null) drawOperatorTable(state.selected); });
})();
