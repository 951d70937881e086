"""A model that needs no network: it says what it has heard."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from agents import Model, ModelResponse, Usage
from openai.types.responses import ResponseOutputMessage, ResponseOutputText


class Parrot(Model):
    """Answers with all that users have said in the conversation that it is given."""

    async def get_response(
        self, system_instructions: str | None, input: Any, *_: Any, **__: Any
    ) -> ModelResponse:
        items = input if isinstance(input, list) else [{"role": "user", "content": input}]
        heard = [str(item["content"]) for item in items if item.get("role") == "user"]
        text = ResponseOutputText(
            text=f"I have heard: {', '.join(heard)}", type="output_text", annotations=[]
        )
        message = ResponseOutputMessage(
            id=f"m{len(items)}",
            content=[text],
            role="assistant",
            status="completed",
            type="message",
        )
        return ModelResponse(output=[message], usage=Usage(), response_id=None)

    def stream_response(self, *_: Any, **__: Any) -> AsyncIterator[Any]:
        raise NotImplementedError
