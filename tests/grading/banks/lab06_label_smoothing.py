"""Answers to lab 6. Each stands alone: it calls no other function of the lab."""

from . import Bank

BANK = Bank()
