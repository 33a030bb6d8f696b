"""What a prompt is: a template with typed variables, and data blocks bound to views."""

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, BeforeValidator, Field, StringConstraints, model_validator

from nexus.prompts import template
from nexus.prompts.output import Output
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
    format: Literal["table", "summary", "both"] = Field(
        "table", description="The rows one by one, statistics of each column that may be sent, or both."
    )


class Example(BaseModel, frozen=True, extra="forbid"):
    """What a good answer looks like: sent before the prompt, as if it had been asked and answered already."""

    input: str = Field(min_length=1, max_length=20_000)
    answer: str = Field(min_length=1, max_length=20_000)


def _as_texts(given: Any) -> Any:
    return (given,) if isinstance(given, str) else given


Texts = Annotated[tuple[str, ...], BeforeValidator(_as_texts)]
"""A value as it stands in an address; one text may be written without its brackets."""


class TestCase(BaseModel, frozen=True, extra="forbid"):
    """Values to ask with, and what the answer to them must be like."""

    __test__: ClassVar[bool] = False  # of prompts, not of pytest, which would collect it by its name

    name: str = Field(min_length=1, max_length=100)
    values: dict[ParameterName, Texts] = Field(
        default_factory=dict, description="As in an address; a variable without one has its default."
    )
    contains: tuple[str, ...] = Field((), max_length=50, description="Small and capital letters are the same.")
    contains_not: tuple[str, ...] = Field((), max_length=50)
    schema_holds: bool = Field(False, description="A structured answer that fits its fields.")
    least_found: float | None = Field(None, ge=0, le=1, description="Share of the answer's figures that must be in the data.")

    @model_validator(mode="after")
    def _looks_at_something(self) -> Self:
        if not (self.contains or self.contains_not or self.schema_holds or self.least_found is not None):
            raise ValueError("say what the answer must hold, or must not")
        if not all(words.strip() for words in (*self.contains, *self.contains_not)):
            raise ValueError("an empty text is in every answer")
        return self


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
    thinking_tokens: int | None = Field(
        None, ge=0, le=32_768, description="Most that a thinking model spends before it answers; without it the model decides."
    )
    output: Output | None = Field(None, description="Fields to answer in; words without it.")
    examples: tuple[Example, ...] = Field((), max_length=20)
    test_cases: tuple[TestCase, ...] = Field((), max_length=100)

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

    @model_validator(mode="after")
    def _test_cases_fit(self) -> Self:
        variables = {variable.name for variable in self.variables}
        names = [case.name for case in self.test_cases]
        if len(names) != len(set(names)):
            raise ValueError("two test cases have the same name")
        for case in self.test_cases:
            if unknown := next((name for name in case.values if name not in variables), None):
                raise ValueError(f"the test case “{case.name}” fills `{unknown}`, but there is no variable of that name")
            if case.schema_holds and self.output is None:
                raise ValueError(f"the test case “{case.name}” looks at the fields of the answer, but the prompt answers in words")
        return self
