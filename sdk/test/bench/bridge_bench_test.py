#!/usr/bin/env python3
"""What the soak calls growth."""
import random
import unittest

from bridge_bench import Failed, growth


class Growth(unittest.TestCase):
    def setUp(self):
        self.random = random.Random(7)

    def memory(self, samples, each):
        return [60 + each * i + self.random.uniform(-0.5, 0.5) for i in range(samples)]

    def test_flat_memory_with_noise_is_none(self):
        self.assertEqual(growth(self.memory(30, 0), [140] * 30), [])

    def test_ten_kilobytes_a_second_are_seen_in_ten_minutes(self):
        self.assertRegex(growth(self.memory(60, 0.2), [140] * 60)[0], "^memory from ")

    def test_getting_warm_is_none(self):
        warm = [20, 40, 55, 58, 59] + self.memory(13, 0)
        self.assertEqual(growth(warm, [20, 80, 140, 140, 140, 140] + [140] * 12), [])

    def test_one_late_step_of_a_megabyte_is_none(self):
        self.assertEqual(growth(self.memory(20, 0) + [x + 1 for x in self.memory(10, 0)], [140] * 30), [])

    def test_a_descriptor_in_ten_seconds_is_seen(self):
        self.assertRegex(growth(self.memory(18, 0), list(range(140, 158)))[0], "^descriptors from ")

    def test_descriptors_between_two_senders_are_none(self):
        self.assertEqual(growth(self.memory(18, 0), [140, 76, 140, 140, 140, 204] * 3), [])

    def test_too_few_samples_say_nothing(self):
        self.assertRaises(Failed, growth, [60, 60], [140, 140])


if __name__ == "__main__":
    unittest.main()
