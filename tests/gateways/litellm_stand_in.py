"""What the plug-in needs of LiteLLM, for tests without it; `make peers-gateways` runs the real one.

The shapes are those that LiteLLM 1.106 was seen to hand over.
"""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import httpx2

from tests.house.house import ROOT

if TYPE_CHECKING:
    import pytest

PLUGIN = ROOT / "storymeter" / "litellm_plugin.py"
DEPLOYMENTS = {
    "fast": {"litellm_params": {"model": "openai/gpt-4o-mini"}},
    "good": {"litellm_params": {"model": "openai/gpt-4o", "max_tokens": 700}},
    "ours": {
        "litellm_params": {"model": "azure/deployment-7"},
        "model_info": {"base_model": "azure/gpt-4o"},
    },
}  # fmt: skip
MOST_OUTPUT = {"gpt-4o-mini": 16_384, "gpt-4o": 16_384}


class HTTPException(Exception):
    """FastAPI's."""

    def __init__(
        self, status_code: int, detail: Any = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status_code, self.detail, self.headers = status_code, detail, headers


def token_counter(*, model: str, text: str = "", messages: Any = None, **_: Any) -> int:
    """A token a word."""
    if model == "uncountable":
        raise ValueError(model)
    return len(text.split()) + sum(len(str(each["content"]).split()) for each in messages or ())


def get_llm_provider(*, model: str, custom_llm_provider: str | None = None) -> tuple[Any, ...]:
    """Split the provider off, as LiteLLM does; a model that it does not know is an error."""
    provider, slash, name = model.partition("/")
    if not slash and not custom_llm_provider:
        raise ValueError(model)
    return name or model, custom_llm_provider or provider, None, None


def get_model_info(model: str, provider: str | None) -> dict[str, int]:
    """What LiteLLM lists."""
    return {"max_output_tokens": MOST_OUTPUT[model]}


def plugin(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The plug-in as a file that was copied beside a proxy's configuration."""
    names: dict[str, dict[str, Any]] = {
        "litellm": {
            "token_counter": token_counter, "get_llm_provider": get_llm_provider,
            "get_model_info": get_model_info,
        },
        "litellm.integrations": {},
        "litellm.integrations.custom_logger": {"CustomLogger": object},
        "litellm.proxy": {},
        "litellm.proxy.proxy_server": {
            "llm_router": SimpleNamespace(
                get_model_list=lambda model_name: [DEPLOYMENTS[model_name]]
                if model_name in DEPLOYMENTS
                else None
            )
        },
        "fastapi": {"HTTPException": HTTPException},
    }  # fmt: skip
    for name, content in names.items():
        module = ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)
    # The successor of the library that LiteLLM brings, with the same interface.
    monkeypatch.setitem(sys.modules, "httpx", httpx2)
    spec = importlib.util.spec_from_file_location("storymeter_gate", PLUGIN)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
