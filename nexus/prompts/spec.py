"""What a prompt is: a template with typed variables, and data blocks bound to views."""

from typing import Annotated, Self

from pydantic import BaseModel, Field, StringConstraints, model_validator

from nexus.prompts import template
from nexus.sources.rules import Rule
from nexus.sources.spec import Identifier, Name
from nexus.views.parameter import Parameter, ParameterName

MODEL_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"
"""A model's name becomes a part of the address that the key is sent to."""
ModelName = Annotated[str, StringConstraints(pattern=MODEL_NAME)]


class DataBlock(BaseModel, frozen=True, extra="forbid"):
    """Rows of a view that go with the prompt. `{{ name }}` in the template says where; without it they come last."""

    name: ParameterName
    view: Name
    columns: tuple[Identifier, ...] = Field((), description="Empty means all that the rules let go.")
    max_rows: int = Field(50, ge=1, le=1_000)
    parameters: dict[ParameterName, ParameterName] = Field(
        default_factory=dict, description="A parameter of the view and the variable it takes, where the names differ."
    )
    rules: dict[Identifier, Rule] = Field(
        default_factory=dict, description="Columns without a rule are sent, unless their source or view has a stricter one."
    )


class Prompt(BaseModel, frozen=True, extra="forbid"):
    """A prompt that runs as a page or as a panel."""

    name: Name
    title: str = Field(min_length=1, max_length=200)
    description: str = ""
    tags: tuple[str, ...] = ()
    system: str = Field("", max_length=20_000, description="Standing instruction to the model.")
    template: str = Field(min_length=1, max_length=50_000, description="`{{ name }}` stands for a variable or a data block.")
    variables: tuple[Parameter, ...] = ()
    data: tuple[DataBlock, ...] = ()
    model: ModelName | None = Field(None, description="The one from the settings page without it.")
    temperature: float = Field(0.2, ge=0, le=2)
    max_answer_tokens: int = Field(2_048, ge=16, le=65_536)

    @model_validator(mode="after")
    def _names_are_told_apart(self) -> Self:
        names = [variable.name for variable in self.variables] + [block.name for block in self.data]
        if len(names) != len(set(names)):
            raise ValueError("a variable or data block has the name of another")
        return self

    @model_validator(mode="after")
    def _uses_what_it_has(self) -> Self:
        missing = template.unknown(self.template, [part.name for part in (*self.variables, *self.data)])
        if missing:
            raise ValueError(f"the template uses {{{{ {missing} }}}}, but there is no variable or data block of that name")
        return self
