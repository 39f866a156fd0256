"""Writes what compile_presets.py has read as the constant tables of include/weir/providers/."""

import re

import preset_dialect
import preset_signals


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def identifier(text):
    return "".join(word.capitalize() for word in re.split(r"[^A-Za-z0-9]+", text))


class Tables:
    """Collects the arrays that the presets point to; an array that stands there already is used again."""

    def __init__(self):
        self.lines, self.names = [], {}

    def array(self, kind, hint, rows):
        """The name of a constant array of these rows, or {} for none."""
        if not rows:
            return "{}"
        text = ",\n    ".join(rows)
        if (kind, text) not in self.names:
            name = f"k{hint}"
            while name in self.names.values():
                name += "_"
            self.names[kind, text] = name
            self.lines.append(f"constexpr {kind} {name}[] = {{\n    {text},\n}};")
        return self.names[kind, text]

    def limits(self, hint, limits):
        rows = []
        for index, limit in enumerate(limits):
            models = self.array("std::string_view", f"{hint}{index}Models", [quoted(glob) for glob in limit["models"]])
            rows.append(f'{{quota::Dimension::{limit["dimension"]}, {limit["amount"]}, {limit["period"]}, '
                        f'quota::WindowKind::{limit["window"]}, {quoted(limit["zone"])}, {models}, '
                        f'{quoted(limit["as_of"])}}}')
        return self.array("PresetLimit", hint, rows)

    def models(self, hint, models, training):
        rows = []
        for model in models:
            trains = (model["training"] or training)["answer"]
            limits = self.limits(f'{hint}{identifier(model["name"])}Limits', model["limits"])
            rows.append(f'{{{quoted(model["name"])}, {quoted(model["id"])}, {quoted(model["family"])}, '
                        f'{model["context"]}, {model["max_output"]}, {model["capabilities"]}, '
                        f'Billing::{model["billing"]}, {limits}, Training::{trains}}}')
        return self.array("PresetModel", f"{hint}Models", rows)

    def plans(self, hint, plans):
        rows = []
        for plan in plans:
            name = hint + identifier(plan["name"])
            models = self.array("PresetModelLimits", f"{name}Models", [
                f'{{{quoted(model)}, {self.limits(name + identifier(model) + "Limits", limits)}}}'
                for model, limits in plan["models"].items()])
            rows.append(f'{{{quoted(plan["name"])}, {self.limits(name + "Limits", plan["limits"])}, {models}}}')
        return self.array("PresetPlan", f"{hint}Plans", rows)

    def headers(self, hint, rules):
        return self.array("HeaderRule", f"{hint}Headers", [
            f'{{{quoted(rule["header"])}, quota::Dimension::{rule["dimension"]}, {rule["period"]}, '
            f'HeaderField::{rule["field"]}, ValueFormat::{rule["format"]}}}' for rule in rules])

    def preset(self, preset):
        hint = identifier(preset["name"])
        plans = self.plans(hint, preset["plans"])
        variables = self.array("std::string_view", f"{hint}Keys", [quoted(name) for name in preset["key_variables"]])
        endpoints = ", ".join("Endpoint::" + word.replace("/", "_") for word in preset["endpoints"])
        charge = preset["charge"]
        return (f'{{{quoted(preset["name"])},\n     {quoted(preset["base_url"])},\n     {variables},\n'
                f'     {self.models(hint, preset["models"], preset["training"])},\n     {self.limits(hint + "Limits", preset["limits"])},\n'
                f'     {plans},\n     {self.headers(hint, preset["headers"])},\n'
                f'     {{quota::ChargeRule::Tokens::{charge["tokens"]}, quota::ChargeRule::Settle::{charge["settle"]}, '
                f'{charge["default_max_tokens"]}, {str(charge["failures"]).lower()}, '
                f'{str(charge["cached_free"]).lower()}}},\n'
                f'     StreamUsage::{preset["stream_usage"]},\n'
                f'     endpoints_of({{{endpoints}}}),\n'
                f'     Training::{preset["training"]["answer"]},\n     &kSignals[{preset["signals"]}],\n'
                f'     {preset_dialect.rows(self, hint, preset["dialect"], quoted)}}}')


def join(presets, signals):
    """All signals by name, one for each preset: its headers are theirs too. Each preset is told its place."""
    by_name = {one["name"]: one for one in signals}
    for preset in presets:
        name = preset["name"]
        for one in signals:
            if name not in by_name and name in one["also_called"]:  # the preset's name is the one that counts
                one["also_called"] = [by_name.pop(one["name"])["name"]] + \
                                     [other for other in one["also_called"] if other != name]
                one["name"] = name
                by_name[name] = one
        own = by_name.setdefault(name, preset_signals.bare(name))
        own["headers"] = preset["headers"] + own["headers"]
    names = sorted(by_name)
    for preset in presets:
        preset["signals"] = names.index(preset["name"])
    return [by_name[name] for name in names]


def render(presets, signals):
    tables = Tables()
    signal_rows = ",\n    ".join(preset_signals.row(tables, identifier(one["name"]), one, quoted)
                                 for one in join(presets, signals))
    rows = [tables.preset(preset) for preset in presets]
    arrays = "\n\n".join(tables.lines)
    body = ",\n    ".join(rows)
    return f"""// Written by tools/compile_presets.py from config/presets and config/signals; edit those.
#include <chrono>
#include <optional>
#include <string_view>

#include "weir/providers/preset.hpp"

namespace weir::providers {{
namespace {{

{arrays}

constexpr Signals kSignals[] = {{
    {signal_rows},
}};

constexpr Preset kPresets[] = {{
    {body},
}};

}}  // namespace

std::span<const Preset> builtin_presets() noexcept {{ return kPresets; }}
std::span<const Signals> builtin_signals() noexcept {{ return kSignals; }}

}}  // namespace weir::providers
"""
