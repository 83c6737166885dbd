"""What a suite is: how its tests are marked, how it is run on a lab, what comes out."""
