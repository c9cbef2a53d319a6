// What Grafana's own front-end code makes of panels and of the frames that they get.
//
// node grafana_panels.js FOLDER <asked.json >computed.json, FOLDER with @grafana/data in node_modules.
// asked: {nowMs, steps: [[rangeMs, points, least], ...], panels: [{panel, frames, variables}, ...]}.
// computed: {steps: [ms, ...], panels: [{title, texts | columns | fields}, ...]}, see grafana_panels.py.
'use strict';

const path = require('node:path');
// A browser's, for formats of its language, which none of our pages uses; Node has it from 21 on.
if (!globalThis.navigator) globalThis.navigator = { language: 'en', languages: ['en'] };
const grafana = require(require.resolve('@grafana/data', { paths: [path.resolve(process.argv[2])] }));
globalThis.window = {}; // transformations look whether they are in a scene; a window from the start would have to be a whole one

const asked = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
Date.now = () => asked.nowMs; // "in 12 minutes"

const theme = grafana.createTheme({ colors: { mode: 'light' } });
grafana.standardTransformersRegistry.setInit(() =>
  [...new Map(Object.values(grafana.standardTransformers).map((one) => [one.id, one])).values()] // two names of one
    .map((one) => ({ id: one.id, name: one.name, transformation: async () => one })));
const STANDARD = ['unit', 'decimals', 'min', 'max', 'noValue', 'displayName', 'links', 'mappings', 'thresholds', 'color'];
const CUSTOM = ['width', 'cellOptions', 'lineStyle'];
const option = (id, isCustom) => ({
  id: isCustom ? `custom.${id}` : id, path: id, name: id, isCustom, process: (value) => value, shouldApply: () => true,
});
const registry = new grafana.FieldConfigOptionsRegistry(() =>
  [...STANDARD.map((id) => option(id, false)), ...CUSTOM.map((id) => option(id, true))]);

const text = (display) => grafana.formattedValueToString(display);
const interpolated = (variables) => (value) => value.replace(/\$\{(\w+)\}/g, (all, name) => variables[name] ?? all);

async function configured({ panel, frames, variables }) {
  const given = frames.map((frame) => grafana.toDataFrame(frame));
  const data = await new Promise((resolve, reject) => {
    grafana.transformDataFrame(panel.transformations ?? [], given).subscribe({ next: resolve, error: reject });
  });
  return grafana.applyFieldOverrides({
    data, theme, timeZone: 'utc', fieldConfig: panel.fieldConfig, fieldConfigRegistry: registry,
    replaceVariables: interpolated(variables),
  });
}

function stat(panel, data) {
  const values = grafana.getFieldDisplayValues({
    data, theme, timeZone: 'utc', fieldConfig: panel.fieldConfig, reduceOptions: panel.options.reduceOptions,
    replaceVariables: (value) => value,
  });
  return { texts: values.map(({ display }) => ({ title: display.title ?? '', text: text(display), color: display.color ?? '' })) };
}

function table(panel, data) {
  const [frame] = data;
  return {
    none: panel.fieldConfig.defaults.noValue ?? 'No data',
    columns: !frame ? [] : frame.fields.filter((field) => !field.config.custom?.hidden).map((field) => ({
      name: grafana.getFieldDisplayName(field, frame, data), type: field.type, width: field.config.custom?.width ?? 0,
      linked: Boolean(field.config.links?.length), bar: field.config.custom?.cellOptions?.type === 'gauge',
      values: field.values, texts: field.values.map((value) => text(field.display(value))),
      colors: field.values.map((value) => field.display(value).color ?? ''),
    })),
  };
}

function overTime(panel, data) {
  const calcs = panel.options.legend?.calcs ?? [];
  return {
    none: panel.fieldConfig.defaults.noValue ?? 'No data',
    fields: data.flatMap((given) => {
      const frame = grafana.applyNullInsertThreshold({ frame: given });
      const time = frame.fields.find((field) => field.type === grafana.FieldType.time);
      return frame.fields.filter((field) => field !== time).map((field) => {
        const reduced = calcs.length ? grafana.reduceField({ field, reducers: calcs }) : {};
        return {
          name: grafana.getFieldDisplayName(field, given, data), times: time.values, values: field.values,
          unit: field.config.unit ?? '', color: grafana.getFieldSeriesColor(field, theme).color,
          dash: field.config.custom?.lineStyle?.dash ?? [], legend: calcs.map((calc) => text(field.display(reduced[calc]))),
          states: panel.type === 'state-timeline' ? field.values.map((value) => text(field.display(value))) : [],
        };
      });
    }),
  };
}

const COMPUTED = { stat, table, timeseries: overTime, 'state-timeline': overTime };

function ticks(panel, values) {
  const field = { name: '', type: grafana.FieldType.number, config: panel.fieldConfig.defaults, values: [] };
  const display = grafana.getDisplayProcessor({ field, theme, timeZone: 'utc' });
  return values.map((value) => text(display(value)));
}

async function main() {
  const panels = [];
  for (const one of asked.panels) {
    const shown = COMPUTED[one.panel.type](one.panel, await configured(one));
    panels.push({ title: interpolated(one.variables)(one.panel.title), ticks: ticks(one.panel, one.ticks), ...shown });
  }
  const steps = asked.steps.map(([rangeMs, points, least]) => {
    const range = { from: grafana.dateTime(asked.nowMs - rangeMs), to: grafana.dateTime(asked.nowMs) };
    return grafana.rangeUtil.calculateInterval(range, points, least).intervalMs;
  });
  process.stdout.write(JSON.stringify({ panels, steps }));
}

main();
