"""What can go wrong with Gemini, in one sentence each that holds neither the key nor an address."""

from nexus.errors import Unavailable


class GeminiFailed(Unavailable):
    message = "Gemini did not answer. Try again in a minute."


class NoKey(GeminiFailed):
    message = "There is no Gemini key yet. An administrator can add one in Settings, under Gemini."


class KeyRefused(GeminiFailed):
    message = "Gemini does not accept the key. An administrator can put a valid one in Settings, under Gemini."


class OutOfQuota(GeminiFailed):
    message = "The Gemini quota is used up. Try again later, or ask an administrator to raise it at Google."


class TooSlow(GeminiFailed):
    message = "Gemini took too long to answer. Try again, or send fewer rows."


class Unreachable(GeminiFailed):
    message = "Nexus cannot reach Gemini. Try again in a minute; an administrator can check the network and GEMINI_BASE_URL."


class InTrouble(GeminiFailed):
    message = "Gemini has a problem of its own right now. Try again in a minute."


class BrokeOff(GeminiFailed):
    message = "The answer from Gemini broke off. What came is kept; run it again for a whole one."


class ModelUnknown(GeminiFailed):
    message = "Gemini has no such model for this key. Choose another in Settings, or in the prompt."


class RequestRefused(GeminiFailed):
    message = "Gemini did not accept this request. Send fewer rows, or check the prompt's length, temperature, thinking and fields."


class RegionRefused(GeminiFailed):
    message = "Gemini does not serve this key from here. An administrator can check its billing and region at Google."
