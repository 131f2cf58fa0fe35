// Parallel coordinates over the varying knobs and the objectives; brushing filters the other views.
(() => {
  'use strict';
  const page = globalThis.cairnPage;
  const { data, state, charts } = page;
  const { wrap } = page.format;
  const { rows, varying, objectives, id } = data;
  const axes = [...varying, ...objectives];
  if (rows === 0 || axes.length < 2) {
    document.getElementById('section-parallel').hidden = true;
    return;
  }

  const kMostChoices = 16;  // a knob with more values than this gets a continuous axis
  const distinct = (column) => {
    const present = new Set(column.values);
    const all = column.choices ? column.choices.filter((value) => present.has(value)) : [...present];
    return column.numeric ? [...all].sort((a, b) => a - b) : all;
  };
  const plans = axes.map((column) => {
    const choices = column.role === 'knob' ? distinct(column) : [];
    const discrete = column.role === 'knob' && (!column.numeric || choices.length <= kMostChoices);
    if (!discrete) return { column, discrete, value: (row) => column.values[row] };
    const place = new Map(choices.map((value, i) => [value, i]));
    return { column, discrete, choices, value: (row) => place.get(column.values[row]) };
  });
  const colourBy = objectives[0]?.range ? objectives[0] : null;
  const tone = colourBy?.wide ? Math.log10 : (value) => value;
  // One value per axis, and one more that only the colour reads.
  const tuple = (row) => [...plans.map((plan) => plan.value(row)), colourBy ? tone(colourBy.values[row]) : 0];
  const everything = Array.from({ length: rows }, (_, row) => tuple(row));
  if (colourBy) document.getElementById('parallel-note').textContent = ` Colour: ${colourBy.label}, dark is low.`;

  let chart = null;
  function draw(made, theme) {
    chart = made;
    const spacing = (made.getWidth() - 140) / (axes.length - 1);
    const names = axes.map((column) => wrap(column.label, Math.max(7, spacing / 8.4)));
    const label = { color: theme.text, fontFamily: theme.font, fontSize: 11, backgroundColor: theme.surface, padding: [1, 3], borderRadius: 2 };
    chart.setOption({
      ...charts.base(),
      parallel: { left: 64, right: 76, top: 22 + 14 * Math.max(...names.map((name) => name.split('\n').length)), bottom: 22, axisExpandable: false },
      parallelAxis: plans.map((plan, dim) => {
        const { column } = plan;
        const axis = { dim, zlevel: 2, name: names[dim], nameTruncate: { maxWidth: spacing * 1.4 }, nameLocation: 'end', nameGap: 14, nameTextStyle: { color: theme.text, fontFamily: theme.font, fontSize: 11.5, fontWeight: 600, lineHeight: 14, align: 'center', verticalAlign: 'bottom' },
          axisLine: { lineStyle: { color: theme.muted, width: 1 } }, axisTick: { show: true, lineStyle: { color: theme.muted } }, axisLabel: { ...label, showMinLabel: true, showMaxLabel: true },
          areaSelectStyle: { width: 18, borderWidth: 1, borderColor: theme.selected, color: theme.selected, opacity: 0.25 }, realtime: rows <= 1500 };
        if (plan.discrete) return { ...axis, type: 'category', data: plan.choices.map((value) => column.show(value)), boundaryGap: true };
        const log = column.wide;
        const made_ = charts.valueAxis({ range: column.range, log, unit: column.unit });
        if (log) return { ...axis, type: 'log', min: made_.min, max: made_.max, axisTick: { ...axis.axisTick, customValues: made_.axisTick.customValues }, axisLabel: { ...axis.axisLabel, customValues: made_.axisLabel.customValues, formatter: made_.axisLabel.formatter } };
        return { ...axis, type: 'value', scale: true, axisLabel: { ...axis.axisLabel, formatter: made_.axisLabel.formatter } };
      }),
      visualMap: colourBy ? [{ show: false, type: 'continuous', dimension: plans.length, seriesIndex: 0, min: tone(colourBy.range[0]), max: tone(colourBy.range[1]), inRange: { color: theme.ramp } }] : [],
      series: [
        { id: 'designs', type: 'parallel', data: everything, smooth: false, progressive: 600, lineStyle: { width: rows > 1000 ? 0.6 : 1, opacity: rows > 1000 ? 0.25 : 0.5, color: theme.categories[0] }, inactiveOpacity: 0.03, activeOpacity: rows > 1000 ? 0.5 : 0.8, emphasis: { disabled: true }, silent: true },
        selectedSeries(theme),
      ],
    }, { notMerge: true });
  }
  function selectedSeries(theme) {
    return { id: 'selected', type: 'parallel', zlevel: 1, silent: true, inactiveOpacity: 1, activeOpacity: 1, lineStyle: { width: 3, opacity: 1, color: theme.selected },
      data: state.selected < 0 ? [] : [{ name: String(id[state.selected]), value: everything[state.selected] }] };
  }

  const element = document.getElementById('parallel');
  element.style.minWidth = `${axes.length * 78}px`;
  chart = charts.add('parallel', draw, { fine: rows <= 1500 });
  chart.on('axisareaselected', () => {
    const model = chart.getModel();
    const brushed = plans.some((_, dim) => model.getComponent('parallelAxis', dim).activeIntervals.length > 0);
    if (!brushed) {
      state.filter('brush', null);
      return;
    }
    const mask = new Uint8Array(rows);
    for (const row of model.getSeriesByIndex(0).getRawIndicesByActiveState('active')) mask[row] = 1;
    state.filter('brush', mask);
  });
  state.on('select', () => chart.getOption()?.series?.length && chart.setOption({ series: [selectedSeries(page.theme)] }));
  page.clearBrush = () => draw(chart, page.theme);
  page.parallel = { chart: () => chart };
})();
