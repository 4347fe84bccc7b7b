"""Open-weight models by the names that hosts give them, their sizes, and EcoLogits' formula."""

from __future__ import annotations

import pytest
from ecologits.impacts.llm import compute_llm_impacts
from hypothesis import given, settings
from hypothesis import strategies as st

from integration.carbon.carbon_book import default_carbon_book
from integration.carbon.ecologits_formula import Size, bare_row, formula_row, output_token
from integration.carbon.footprint import Footprint
from integration.carbon.open_models import OPEN_WEIGHTS, OpenModels
from integration.carbon.open_names import bits_in_name, size_in_name
from integration.carbon.tables import Spread, shipped_tables

TABLES = shipped_tables()
BOOK = default_carbon_book()
LLAMA_70B = "meta-llama/Llama-3.3-70B"


@given(
    active_b=st.floats(0.1, 500),
    dense=st.booleans(),
    bits=st.sampled_from((2, 4, 8, 16)),
    batch=st.integers(1, 512),
    memory_gb=st.sampled_from((80.0, 141.0)),
)
@settings(max_examples=60, deadline=None)
def test_the_formula_is_ecologits_own(
    active_b: float, dense: bool, bits: int, batch: int, memory_gb: float
) -> None:
    total_b = active_b if dense else active_b * 8
    tokens = 1000
    theirs = compute_llm_impacts(
        active_b, total_b, tokens, 0.0, 0.0, 0.0, 0.0, datacenter_pue=1.1, datacenter_wue=0.5,
        model_quantization_bits=bits, batch_size=batch, gpu_memory=memory_gb,
    )  # fmt: skip

    ours = output_token(
        Size(active_b, total_b, bits), batch_size=batch, pue=1.1, memory_gb=memory_gb
    )

    assert ours.energy_wh * tokens == pytest.approx(theirs.energy.value * 1000, rel=1e-9)
    assert ours.embodied_g * tokens == pytest.approx(theirs.embodied.gwp.value * 1000, rel=1e-9)


def test_the_table_built_with_ecologits_equals_the_formula_at_run_time() -> None:
    pue = TABLES.providers[OPEN_WEIGHTS].pue
    for row in TABLES.open_models:
        size = Size(row.active_b.central, row.total_b.central, row.weight_bits)
        again = formula_row(row, size, pue)
        for name in ("b_in_wh", "b_cache_read_wh", "b_out_wh", "embodied_b_out_g"):
            assert getattr(row, name) == pytest.approx(getattr(again, name), rel=1e-6), row.model


def test_every_row_says_where_its_size_was_read_and_names_are_unique() -> None:
    names = [name.lower() for row in TABLES.open_models for name in (row.model, *row.aliases)]

    assert len(names) == len(set(names))
    for row in TABLES.open_models:
        assert row.sources[0] == f"https://huggingface.co/{row.model}"
        assert row.sources[1].removeprefix("size read in ")
        assert 0 < row.active_b.central <= row.total_b.central
        assert row.weight_bits in {4, 8, 16}


def test_a_row_is_found_by_each_of_its_names_and_by_no_others_name() -> None:
    """Another list's row may come first; it then has the same size, as far as both round."""
    for row in TABLES.open_models:
        for name in (row.model, *row.aliases):
            found = BOOK.model(None, name)
            assert found is not None, name
            assert found.total_b.central == pytest.approx(row.total_b.central, rel=0.06), name


@pytest.mark.parametrize("name", [
    "meta-llama/Llama-3.3-70B-Instruct", "META-LLAMA/LLAMA-3.3-70B-INSTRUCT",
    "meta-llama/Meta-Llama-3.3-70B-Instruct", "llama-3.3-70b-versatile", "llama3.3:70b",
    "meta-llama/llama-3.3-70b-instruct:free", "us.meta.llama3-3-70b-instruct-v1:0",
    "accounts/fireworks/models/llama-v3p3-70b-instruct", "meta/llama-3.3-70b-instruct-maas",
    "meta-llama/Llama-3.3-70B-Instruct-Turbo",
])  # fmt: skip
def test_hosts_spell_one_model_in_many_ways(name: str) -> None:
    found = BOOK.model("any host", name)

    assert found is not None
    assert (found.model, found.weight_bits) == (LLAMA_70B, 16)


@pytest.mark.parametrize(("name", "active_b", "total_b", "bits"), [
    ("Qwen/Qwen3-235B-A22B-Instruct-2507-FP8", 22, 235, 8),
    ("deepseek-ai/DeepSeek-R1-0528", 37, 671, 8),
    ("deepseek-ai/DeepSeek-R1-Distill-Qwen-32B", 32, 32, 16),
    ("google/gemma-3-27b-it-qat-q4_0-gguf", 27, 27, 4),
    ("mistralai/Mixtral-8x7B-Instruct-v0.1-AWQ", 12.9, 46.7, 4),
    ("us.meta.llama4-maverick-17b-instruct-v1:0", 17, 400, 16),
    ("openai.gpt-oss-20b-1:0", 3.6, 21, 16),
    ("z-ai/glm-4.5-air", 12, 106, 16),
    ("moonshotai/Kimi-K2-Instruct-0905", 32, 1000, 8),
    ("moonshotai/Kimi-K2-Thinking", 32, 1000, 4),
    ("microsoft/Phi-4", 14, 14, 16),
    ("ibm-granite/granite-4.0-h-small", 9, 32, 16),
    ("allenai/OLMoE-1B-7B-0924-Instruct", 1.3, 6.9, 16),
    ("qwen2.5-coder:32b-instruct-q4_K_M", 32, 32, 4),
    ("RedHatAI/Meta-Llama-3.1-405B-Instruct-FP8-dynamic", 405.85, 405.85, 8),
    ("meta-llama/Meta-Llama-3.1-405B-Instruct-FP8", 405.85, 405.85, 8),
])  # fmt: skip
def test_current_open_models_have_their_published_size_and_the_bits_of_their_name(
    name: str, active_b: float, total_b: float, bits: int
) -> None:
    found = BOOK.model(None, name)

    assert found is not None
    assert (found.active_b.central, found.total_b.central, found.weight_bits) == (
        active_b, total_b, bits,
    )  # fmt: skip
    assert found.tier == ""


def test_fewer_bits_take_fewer_gpus_and_less_energy() -> None:
    # 70 B: 168 GB at 16 bits are 3, rounded to 4 GPUs; 42 GB at 4 bits are one.
    full, quantised = BOOK.model(None, LLAMA_70B), BOOK.model(None, f"acme/{LLAMA_70B}-AWQ")

    assert full is not None
    assert quantised is not None
    assert quantised.b_out_wh.central == pytest.approx(full.b_out_wh.central / 4)
    assert "4 bits, as the name says" in " ".join(quantised.warnings)


@pytest.mark.parametrize(("name", "active_b", "total_b"), [
    ("acme/acme-13b-chat", 13, 13), ("acme-135M", 0.135, 0.135), ("acme-1.5B-Instruct", 1.5, 1.5),
    ("acme/4x7B", 14, 28), ("acme-30B-A3B", 3, 30), ("acme-1b-a400m", 0.4, 1),
    ("acme-2T-A90B", 90, 2000),
    ("acme-14B-1M", 14, 14), ("acme-7b-4bit", 7, 7),
])  # fmt: skip
def test_a_size_is_read_out_of_a_name_nobody_lists(
    name: str, active_b: float, total_b: float
) -> None:
    found = size_in_name(name)

    assert found is not None
    assert (found.active_b, found.total_b) == pytest.approx((active_b, total_b))


@pytest.mark.parametrize("name", [
    "acme-llm-9", "acme-17B-16E", "acme-17Bx128E", "acme-1B-7B", "acme-8bit", "acme-128k", "gpt-4o",
    "acme-a3b", "acme-9000b", "text-embedding-3-small", "", "acme-3b-a30b",
])  # fmt: skip
def test_a_name_without_one_clear_size_has_none(name: str) -> None:
    assert size_in_name(name) is None


def test_a_size_by_name_lowers_the_tier_and_says_so() -> None:
    found = BOOK.footprint("acme", "acme/acme-13b", "IRL", input_tokens=10, output_tokens=10)

    assert isinstance(found, Footprint)
    assert found.tier == "D"
    assert "read out of the model's name" in found.basis.method
    assert any("13 billion parameters, taken as dense" in each for each in found.basis.assumptions)


@pytest.mark.parametrize(
    "name", ["mistral-large", "mistral-large-2402", "deepseek-chat", "llama3.1"]
)
def test_a_name_that_moves_between_sizes_has_no_figure(name: str) -> None:
    assert BOOK.model(None, name) is None


@pytest.mark.parametrize(("name", "bits"), [
    ("a-GPTQ-Int8", 8), ("a-GPTQ-Int4", 4), ("a-AWQ", 4), ("a-FP8-dynamic", 8), ("a-bnb-4bit", 4),
    ("a-GGUF", None), ("a:70b-q8_0", 8), ("a-Q5_K_M", 5), ("a-W4A16", 4), ("a-bf16", 16),
    ("a", None),
    ("org-4bit/a", None), ("a-NVFP4", 4),
])  # fmt: skip
def test_bits_are_read_out_of_the_name(name: str, bits: int | None) -> None:
    assert bits_in_name(name) == bits


@given(st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_no_name_breaks_the_look_up(name: str) -> None:
    found = BOOK.model(None, name)

    assert found is None or found.b_out_wh.low > 0


def test_without_a_table_a_stated_size_is_all_there_is() -> None:
    alone = OpenModels((), Spread(1.0, 1.0, 1.0))

    assert alone.find("meta-llama/Llama-4-Scout-17B-16E") is None
    found = alone.find("acme-7b")
    assert found is not None
    again = formula_row(bare_row(OPEN_WEIGHTS, "acme-7b", ""), Size(7, 7), Spread(1.0, 1.0, 1.0))
    assert found.b_out_wh == again.b_out_wh
