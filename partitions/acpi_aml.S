/* The compiled AML (partitions/acpi/), as bytes.  An empty stack note: none is needed. */
	.section .rodata
	.globl acpi_dsdt, acpi_dsdt_end, acpi_cpu, acpi_cpu_end
acpi_dsdt:
	.incbin "acpi/dsdt.aml"
acpi_dsdt_end:
acpi_cpu:
	.incbin "acpi/cpu.aml"
acpi_cpu_end:
	.section .note.GNU-stack, "", @progbits
