"""What AI usage emits: energy, greenhouse gases and water of tokens and of accelerator hours.

Owns the energy coefficients per model, the grid factors per zone, the accelerators' power, the
names of models and regions as they occur outside, and the arithmetic to µWh and µgCO₂e.

Does not own what was used (metering) nor what it cost (pricing). Loads neither EcoLogits nor
pandas: `scripts/build_carbon_table.py` runs the first offline and writes the tables in `data/`.

Invariants: a model or region without a factor gives `NoFactor` naming which, never 0 and never a
silent average. Location- and market-based figures stay apart; a book uses one convention of grid
factor and names it. Every figure has a low, a central and a high value. `docs/methodology.md` is
the reference.
"""
