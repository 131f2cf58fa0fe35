// What the search learned: knob sensitivity, hypervolume, what made points infeasible, fusion.
(() => {
  'use strict';
  const page = globalThis.cairnPage;
  const { escape, quantity, digits, percent, integer } = page.format;
  const { data, charts } = page;
  const { document: doc, byName } = data;
  const at = (name) => document.getElementById(name);
  const labelOf = (name) => byName.get(name)?.label ?? name;

  function table(element, heads, rows) {
    element.innerHTML = `<table class="plain"><thead><tr>${heads.map(([text, number]) => `<th scope="col"${number ? ' class="number"' : ''}>${escape(text)}</th>`).join('')}</tr></thead><tbody>` +
      rows.map((row) => `<tr>${row.map((cell, i) => `<td${heads[i][1] ? ' class="number"' : ''}>${cell}</td>`).join('')}</tr>`).join('') + '</tbody></table>';
  }

  const sensitivity = doc.sensitivity ?? [];
  at('sensitivity-card').hidden = sensitivity.length === 0;
  if (sensitivity.length > 0) {
    const metrics = [...new Set(sensitivity.map((entry) => entry.metric))];
    const effect = new Map(sensitivity.map((entry) => [`${entry.knob}\n${entry.metric}`, entry.effect_percent]));
    const strength = (knob) => Math.max(...metrics.map((metric) => Math.abs(effect.get(`${knob}\n${metric}`) ?? 0)));
    const knobs = [...new Set(sensitivity.map((entry) => entry.knob))].sort((a, b) => strength(b) - strength(a));
    at('sensitivity-note').textContent = doc.sensitivity_method ?? 'By how many percent the mean of an objective over the evaluated points differs between the best and the worst value of a knob.';
    charts.add('sensitivity-chart', (chart, theme) => {
      const element = at('sensitivity-chart');
      const perRow = Math.max(1, Math.min(metrics.length, Math.floor((element.clientWidth - 150) / 200)));
      const bands = Math.ceil(metrics.length / perRow);
      const band = knobs.length * 26 + 32;
      const height = bands * band + (bands - 1) * 16 + 4;
      if (element.clientHeight !== height) { element.style.height = `${height}px`; chart.resize(); }
      const left = Math.max(...knobs.map((knob) => labelOf(knob).length)) * 7.2 + 16;
      const width = (element.clientWidth - left - 8) / perRow;
      const place = (i) => ({ left: left + (i % perRow) * width, top: Math.floor(i / perRow) * (band + 16) });
      chart.setOption({
        ...charts.base(),
        grid: metrics.map((_, i) => ({ left: place(i).left, top: place(i).top + 32, width: width - 84, height: knobs.length * 26 })),
        title: metrics.map((metric, i) => ({ text: labelOf(metric), left: place(i).left, top: place(i).top + 6, padding: 0, textStyle: { fontSize: 12.5, fontWeight: 600, color: theme.text, fontFamily: theme.font, width: width - 12, overflow: 'truncate' } })),
        tooltip: { ...charts.tooltip(), trigger: 'item', formatter: (item) => `<div class="tip"><b>${escape(labelOf(knobs[item.dataIndex]))}</b><br>${escape(labelOf(metrics[item.seriesIndex]))}: ${percent(item.value)}</div>` },
        xAxis: metrics.map((_, i) => ({ gridIndex: i, type: 'value', axisLabel: { show: false }, splitLine: { show: false }, axisLine: { show: false }, axisTick: { show: false } })),
        yAxis: metrics.map((_, i) => ({ gridIndex: i, type: 'category', inverse: true, data: knobs.map(labelOf), axisTick: { show: false }, axisLine: { lineStyle: { color: theme.border }, onZero: true }, axisLabel: { show: i % perRow === 0, color: theme.text, fontSize: 12, interval: 0 } })),
        series: metrics.map((metric, i) => ({
          type: 'bar', xAxisIndex: i, yAxisIndex: i, barWidth: 14, cursor: 'default', itemStyle: { color: theme.categories[0] },
          data: knobs.map((knob) => effect.get(`${knob}\n${metric}`) ?? 0),
          label: { show: true, position: 'right', color: theme.muted, fontSize: 11.5, formatter: (item) => percent(item.value) },
        })),
      }, { notMerge: true });
    });
  }

  const hypervolume = doc.hypervolume ?? [];
  at('hypervolume-card').hidden = hypervolume.length < 2;
  if (hypervolume.length >= 2) {
    at('hypervolume-note').textContent = doc.hypervolume_reference ?? 'Share of the objective space that the front dominates; a flat end says that more evaluations would change little.';
    charts.add('hypervolume-chart', (chart, theme) => {
      const count = (value) => (value >= 1e6 ? `${digits(value / 1e6, 3, true)} M` : value >= 1e4 ? `${digits(value / 1e3, 3, true)} k` : integer(value));
      chart.setOption({
        ...charts.base(),
        grid: { left: 72, right: 24, top: 12, bottom: 50 },
        tooltip: { ...charts.tooltip(), trigger: 'axis', axisPointer: { lineStyle: { color: theme.muted } }, formatter: (items) => `<div class="tip">${integer(items[0].value[0])} evaluations<br><b>${digits(items[0].value[1], 5)}</b></div>` },
        xAxis: { ...charts.valueAxis({ name: 'Evaluations', show: count }), min: 0, scale: false },
        yAxis: charts.valueAxis({ name: 'Hypervolume', show: (value) => digits(value, 4, true), vertical: true, gap: 52 }),
        series: [{ type: 'line', step: 'end', symbol: hypervolume.length < 30 ? 'circle' : 'none', symbolSize: 4, data: hypervolume.map((entry) => [entry.evaluations, entry.value]), lineStyle: { color: theme.categories[0], width: 2 }, itemStyle: { color: theme.categories[0] } }],
      }, { notMerge: true });
    });
  }

  const infeasible = doc.infeasible ?? [];
  at('infeasible-card').hidden = infeasible.length === 0;
  if (infeasible.length > 0) {
    const total = doc.counts.infeasible || 1;
    table(at('infeasible-table'), [['Constraint'], ['Points', true], ['Of infeasible', true], ['Over by, median', true], ['Over by, least', true]],
      [...infeasible].sort((a, b) => b.count - a.count).map((entry) => [
        escape(entry.constraint), integer(entry.count), `${percent((100 * entry.count) / total)}<span class="bar"><i style="width:${Math.min(100, (100 * entry.count) / total).toFixed(1)}%"></i></span>`,
        percent(entry.median_excess_percent), percent(entry.min_excess_percent)]));
  }
  at('hypervolume-card').classList.toggle('alone', infeasible.length === 0);
  at('infeasible-card').classList.toggle('alone', hypervolume.length < 2);

  const fusion = doc.fusion ?? [];
  at('fusion-card').hidden = fusion.length === 0;
  if (fusion.length > 0) {
    table(at('fusion-table'), [['Fused group'], ['Groups', true], ['DRAM traffic saved', true]],
      [...fusion].sort((a, b) => b.dram_bytes_saved - a.dram_bytes_saved).map((entry) => [escape(entry.group), integer(entry.count), quantity(entry.dram_bytes_saved, 'B')]));
  }
  at('section-search').hidden = ['sensitivity', 'hypervolume', 'infeasible', 'fusion'].every((name) => at(`${name}-card`).hidden);

  const accuracy = doc.accuracy ?? [];
  at('accuracy-card').hidden = accuracy.length === 0;
  at('accuracy').innerHTML = accuracy.map((line) => `<li>${line.known ? '' : '<strong>'}${escape(line.family.replaceAll('_', ' '))}: ${escape(line.text)}${line.known ? '' : '</strong>'}</li>`).join('');
  const assumptions = doc.assumptions ?? [];
  const provenance = doc.provenance ?? [];
  at('assumptions-card').hidden = assumptions.length === 0;
  at('assumptions').innerHTML = assumptions.map((text) => `<li>${escape(text)}</li>`).join('');
  at('provenance-card').hidden = provenance.length === 0;
  table(at('provenance-table'), [['Quantity'], ['Value', true], ['Source'], ['Confidence']], provenance.map((entry) => [escape(entry.what), escape(entry.value), escape(entry.source), escape(entry.confidence)]));
  at('section-sources').hidden = accuracy.length === 0 && assumptions.length === 0 && provenance.length === 0;
})();
