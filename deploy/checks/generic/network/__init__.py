"""NetworkPolicies evaluated: who reaches whom on which port, compared with what is declared."""
