"""The grader: submissions in, jail, suites, grades and feedback out."""
