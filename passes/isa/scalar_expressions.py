"""Index arithmetic as sums of products with constants, turned into scalar instructions where they are needed.

An index value is kept as constant + sum of coefficient * atom, where an atom is a register (loop counter, loaded value,
slot address) or an operation that is not linear (mod, min, ...). What a sum shares with others, and what does not
change in a loop, falls out of the form: terms are added from the outermost scope inwards, each partial sum once, in
front of the loops it does not vary in.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import NamedTuple

from dialects.isa.fields import INT32_MAX, INT32_MIN
from passes.isa.scalar_code import Code, Operand, Scope, VirtualRegister


class Atom:
    """What linear arithmetic does not look into: a register, or an instruction on other sums."""

    __slots__ = ("arguments", "depth", "mnemonic", "number", "register")

    def __init__(
        self, number: int, depth: int, register: VirtualRegister | None, mnemonic: str, arguments: tuple[Linear, ...]
    ) -> None:
        """Make atom ``number`` of a register, or of an instruction and its arguments."""
        self.number = number
        self.depth = depth
        self.register = register
        self.mnemonic = mnemonic
        self.arguments = arguments


class Linear(NamedTuple):
    """constant + sum of coefficient * atom; terms are sorted by atom and have no zero coefficients."""

    constant: int
    terms: tuple[tuple[Atom, int], ...] = ()

    @property
    def depth(self) -> int:
        """The nesting of the innermost scope that the value depends on."""
        return max((atom.depth for atom, _ in self.terms), default=0)


def _linear(constant: int, coefficients: dict[Atom, int]) -> Linear:
    terms = [(atom, coefficient) for atom, coefficient in coefficients.items() if coefficient]
    return Linear(constant, tuple(sorted(terms, key=lambda term: term[0].number)))


def add(a: Linear, b: Linear, scale: int = 1) -> Linear:
    """A + scale * b."""
    coefficients = dict(a.terms)
    for atom, coefficient in b.terms:
        coefficients[atom] = coefficients.get(atom, 0) + scale * coefficient
    return _linear(a.constant + scale * b.constant, coefficients)


def scaled(a: Linear, factor: int) -> Linear:
    """Factor * a."""
    return Linear(a.constant * factor, tuple((atom, c * factor) for atom, c in a.terms) if factor else ())


_FOLD: dict[str, Callable[[int, int], int]] = {
    "mul": operator.mul,
    "div": int.__floordiv__,
    "mod": int.__mod__,
    "min": min,
    "max": max,
    "lt": operator.lt,
    "le": operator.le,
    "eq": operator.eq,
    "ne": operator.ne,
}


class Expressions:
    """Builds index values and computes them into registers of a program."""

    def __init__(self, code: Code) -> None:
        """Compute into ``code``."""
        self._code = code
        self._atoms: dict[tuple[str, tuple[Linear, ...]], Atom] = {}
        self._count = 0

    def of_register(self, register: VirtualRegister) -> Linear:
        """The value that a register has from here on until it is written again; a new value at each call."""
        return Linear(0, ((self._atom(register.depth, register, "", ()), 1),))

    def coordinate(self, mnemonic: str, index: int = 0) -> Linear:
        """A value of the whole program: ``block_idx``, ``block_num``, ``sub_idx`` or ``arg`` of an index."""
        return self._operation(mnemonic, (Linear(index),))

    def _atom(self, depth: int, register: VirtualRegister | None, mnemonic: str, arguments: tuple[Linear, ...]) -> Atom:
        self._count += 1
        return Atom(self._count - 1, depth, register, mnemonic, arguments)

    def _operation(self, mnemonic: str, arguments: tuple[Linear, ...]) -> Linear:
        key = (mnemonic, arguments)
        atom = self._atoms.get(key)
        if atom is None:
            depth = max(argument.depth for argument in arguments)
            atom = self._atoms[key] = self._atom(depth, None, mnemonic, arguments)
        return Linear(0, ((atom, 1),))

    def binary(self, mnemonic: str, a: Linear, b: Linear) -> Linear:
        """The value of a scalar instruction (mul div mod min max lt le eq ne), simplified.

        Raises ZeroDivisionError when a constant is divided by the constant zero.
        """
        if not a.terms and not b.terms:
            return Linear(int(_FOLD[mnemonic](a.constant, b.constant)))
        if mnemonic == "mul":
            return self._product(a, b)
        if mnemonic in ("div", "mod"):
            return self._quotient(mnemonic, a, b)
        if not (difference := add(a, b, -1)).terms:
            # Both sides differ by a constant, which decides comparisons and which of the two is the smaller.
            if mnemonic in ("min", "max"):
                return a if (difference.constant < 0) == (mnemonic == "min") else b
            return Linear(int(_FOLD[mnemonic](difference.constant, 0)))
        return self._operation(mnemonic, (a, b))

    def _product(self, a: Linear, b: Linear) -> Linear:
        if not b.terms:
            return scaled(a, b.constant)
        if not a.terms:
            return scaled(b, a.constant)
        return self._operation("mul", (a, b))

    def _quotient(self, mnemonic: str, a: Linear, b: Linear) -> Linear:
        if b.terms or b.constant <= 0:
            return self._operation(mnemonic, (a, b))
        # floor((d * x + y) / d) = x + floor(y / d), and (d * x + y) mod d = y mod d.
        divisor = b.constant
        whole = Linear(a.constant // divisor, tuple((t, c // divisor) for t, c in a.terms if c % divisor == 0))
        rest = Linear(a.constant % divisor, tuple((t, c) for t, c in a.terms if c % divisor))
        if not rest.terms:
            # The constant's remainder is below the divisor, so it adds nothing to the quotient.
            return whole if mnemonic == "div" else Linear(rest.constant)
        remainder = self._operation(mnemonic, (rest, b))
        return add(whole, remainder) if mnemonic == "div" else remainder

    def select(self, condition: Linear, a: Linear, b: Linear) -> Linear:
        """A where the condition is 1, b where it is 0."""
        return add(b, self.binary("mul", condition, add(a, b, -1)))

    def compute(self, value: Linear) -> Operand:
        """An operand that holds the value here: an immediate when it fits one, else a register."""
        if not value.terms and INT32_MIN <= value.constant <= INT32_MAX:
            return value.constant
        for scope in reversed(self._code.scopes):
            found = scope.known.get(value)
            if found is not None:
                return found
        return self._compute_new(value)

    def _compute_new(self, value: Linear) -> Operand:
        if not value.terms:
            return self._large_constant(value)
        (atom, coefficient), *others = value.terms
        if not others and not value.constant:
            if coefficient == 1:
                return self._compute_atom(atom)
            return self._put(value, "mul", self._compute_atom(atom), self.compute(Linear(coefficient)))
        innermost = value.depth
        inner = [term for term in value.terms if term[0].depth == innermost]
        outer = Linear(value.constant, tuple(term for term in value.terms if term[0].depth != innermost))
        if outer.terms or outer.constant:
            if all(c < 0 for _, c in inner):
                minus = Linear(0, tuple((atom, -c) for atom, c in inner))
                return self._put(value, "sub", self.compute(outer), self.compute(minus))
            return self._put(value, "add", self.compute(Linear(0, tuple(inner))), self.compute(outer))
        return self._sum_of_equals(value)

    def _sum_of_equals(self, value: Linear) -> Operand:
        """Terms of one scope without a constant: take out a common factor, else add the last term to the others."""
        smallest = min(abs(c) for _, c in value.terms)
        if smallest > 1 and all(c % smallest == 0 for _, c in value.terms):
            inner = Linear(0, tuple((atom, c // smallest) for atom, c in value.terms))
            return self._put(value, "mul", self.compute(inner), self.compute(Linear(smallest)))
        *others, (atom, coefficient) = sorted(value.terms, key=lambda term: (term[1] < 0, term[0].number))
        mnemonic = "sub" if coefficient < 0 else "add"
        rest = _linear(0, dict(others))
        return self._put(value, mnemonic, self.compute(rest), self.compute(Linear(0, ((atom, abs(coefficient)),))))

    def _compute_atom(self, atom: Atom) -> Operand:
        if atom.register is not None:
            return atom.register
        key = Linear(0, ((atom, 1),))
        for scope in reversed(self._code.scopes):
            found = scope.known.get(key)
            if found is not None:
                return found
        if atom.mnemonic == "arg":
            return self._root(key, "arg", index=atom.arguments[0].constant)
        if atom.mnemonic in ("block_idx", "block_num", "sub_idx"):
            return self._root(key, atom.mnemonic)
        a, b = atom.arguments
        return self._put(key, atom.mnemonic, self.compute(a), self.compute(b))

    def _large_constant(self, value: Linear) -> Operand:
        low = value.constant & 0xFFFFFFFF
        return self._root(value, "li", value_lo=low - ((low >> 31) << 32), value_hi=value.constant >> 32)

    def _root(self, value: Linear, mnemonic: str, **fields: int) -> Operand:
        root = self._code.scopes[0]
        target = self._code.register(0)
        self._code.emit_in(root, mnemonic, rd=target, **fields)
        root.known[value] = target
        return target

    def _put(self, value: Linear, mnemonic: str, a: Operand, b: Operand) -> Operand:
        """Compute ``a mnemonic b`` as early as its operands and the loops around allow; remember it as ``value``."""
        depth = max((operand.depth for operand in (a, b) if isinstance(operand, VirtualRegister)), default=0)
        # A division by a value that may be zero must not run where the program did not ask for it.
        trapping = mnemonic in ("div", "mod") and not (isinstance(b, int) and b)
        scope: Scope = self._code.current if trapping else self._code.placement(depth)
        target = self._code.register(scope.depth)
        self._code.emit_in(scope, mnemonic, rd=target, a=a, b=b)
        scope.known[value] = target
        return target
